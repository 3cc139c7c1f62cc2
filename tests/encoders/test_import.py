from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from closeness import assert_close
from published_shapes import write, write_weights
from transformers import AutoModel, AutoTokenizer

from hf_cner.cli.main import main
from hf_cner.encoders.findings import Findings
from hf_cner.encoders.page import page
from hf_cner.encoders.published import open_encoder
from hf_cner.encoders.write import WRITTEN, import_encoder

TEXT = "患者发热，今日右上腹痛。"


@pytest.mark.parametrize(
    "kind, vocabulary", [("albert", "vocab.txt"), ("xlnet", "spiece.model"), ("bert", "vocab.txt")]
)
def test_the_written_folder_is_the_encoder_for_plain_transformers(kind: str, vocabulary: str, tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    reference = write(source, kind, vocabulary=vocabulary, style="old")
    import_encoder(source, out)
    assert {path.name for path in out.iterdir()} == set(WRITTEN)
    assert (out / "model.safetensors").stat().st_mode == (out / "config.json").stat().st_mode
    model, tokenizer = AutoModel.from_pretrained(out).eval(), AutoTokenizer.from_pretrained(out)
    encoded = tokenizer(TEXT, return_tensors="pt")
    assert tokenizer.unk_token_id not in encoded["input_ids"][0].tolist()
    with torch.no_grad():
        assert_close(model(**encoded).last_hidden_state, reference(**encoded).last_hidden_state)


def test_an_imported_encoder_imports_as_itself(tmp_path: Path) -> None:
    write(tmp_path / "source", "albert", style="parallel")
    import_encoder(tmp_path / "source", tmp_path / "one")
    findings = import_encoder(tmp_path / "one", tmp_path / "two")
    assert not findings.renamed and not findings.dropped and not findings.warnings
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    states = [open_encoder(tmp_path / name).load().state_dict() for name in ("source", "one")]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_page_says_what_was_found(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write(source, "albert", edit=lambda settings: settings.update(model_type=None, net_structure_type=0))
    import_encoder(source, tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((source / "pytorch_model.bin").read_bytes()).hexdigest()
    for part in (
        "pytorch_model.bin (a pickle, read as tensors alone)",
        "vocab.txt (wordpiece",
        "config.json has no model_type; taken for albert",
        "the prefix albert. was removed",
        "- cls.predictions (1 weight)",
        "    albert.pooler.weight",
        f"| `pytorch_model.bin` | `{digest}` |",
        "The licence of the source applies",
    ):
        assert part in text, part


def test_names_on_the_page_are_no_markup() -> None:
    findings = Findings("x`<script>", dropped=["a<b>|`\n# c"], warnings=["<img src=x>"])
    text = page(findings, {"f`|<x>": "0"}, parameters=1)
    assert "<script" not in text and "<img" not in text and "\n# c" not in text and "f'/&lt;x>" in text


def test_nothing_is_replaced_and_nothing_half_written(tmp_path: Path) -> None:
    source, out = tmp_path / "source", tmp_path / "out"
    model = write(source)
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="out is there already; nothing is replaced"):
        import_encoder(source, out)
    with pytest.raises(ValueError, match="source is there already; nothing is replaced"):
        import_encoder(source, source)
    assert [path.name for path in out.iterdir()] == ["mine.txt"]
    write_weights(source, {"bert.x.weight": next(iter(model.parameters()))}, "pytorch_model.bin")
    with pytest.raises(ValueError, match="holds no weight of a bert encoder"):
        import_encoder(source, tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


def test_an_encoder_of_ours_needs_no_import(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "cner-encoder"}))
    with pytest.raises(ValueError, match="an encoder that hf-cner trained; it needs no import"):
        import_encoder(tmp_path, tmp_path / "out")


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_the_command_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "source", "bert", style="bare", edit=lambda settings: settings.pop("model_type"))
    assert run("encoder", "import", tmp_path / "source", tmp_path / "out") == 2
    assert "name it with --model-type" in capsys.readouterr().err.replace("\n", " ")
    assert run("encoder", "import", tmp_path / "source", tmp_path / "out", "--model-type", "bert") == 0
    said = capsys.readouterr().out
    assert "encoder: bert, weights from pytorch_model.bin (a pickle, read as tensors alone)" in said
    assert f"written: {tmp_path / 'out'}" in said
    assert run("encoder", "import", "--help") == 0
    assert "hf-cner encoder import hfl/chinese-xlnet-base my-xlnet" in capsys.readouterr().out


def test_help_comes_without_heavy_imports() -> None:
    code = "import sys; import hf_cner.cli.encoder; print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_names_a_folder_and_not_the_place_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "ward7").mkdir()
    write(tmp_path / "ward7" / "encoder", "bert")
    import_encoder(tmp_path / "ward7" / "encoder", tmp_path / "clean")
    page = (tmp_path / "clean" / "README.md").read_text(encoding="utf-8")
    assert "Source: `encoder`" in page and "ward7" not in page
