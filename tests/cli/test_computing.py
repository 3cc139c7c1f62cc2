"""How `predict` and `evaluate` compute, and what `inspect --model` says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from small_encoder import NOTES, TOKENIZER, encoder_model

from hf_cner.cli.computing import open_finder
from hf_cner.inference import precision
from hf_cner.scale.documents import WorkerFinder

SMALL = Path(__file__).parents[1] / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
Call = Callable[..., int]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    encoder_model().save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return folder


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in NOTES), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--precision", "half"], "The precision is 'half'; choose one of auto, fp32, bf16, bf16-emulated, int8."),
        (["--linear", "mkl"], "by 'mkl'; choose one of torch, onednn."),
        (["--precision", "int8", "--linear", "torch"], "torch computes in exact float32, and the precision is int8"),
        (["--workers", "0"], "Found 0 as the number of workers; expected 1 to "),
        (["--workers", "-1"], "Found -1 as the number of workers; expected 1 to "),
        (["--workers", "100000"], "Found 100,000 as the number of workers; expected 1 to "),
    ],
)
def test_what_is_refused_in_one_sentence(
    call: Call, model: Path, texts: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    assert call("predict", "--model", model, texts, *options) == 2
    said = capsys.readouterr()
    assert sentence in said.err and said.err.count("error:") == 1 and "Traceback" not in said.err and not said.out


def test_bf16_on_a_processor_without_it(
    call: Call, model: Path, texts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    assert call("predict", "--model", model, texts, "--precision", "bf16") == 2
    assert "bf16 cannot be used: this processor has no instructions for bfloat16" in capsys.readouterr().err


def test_a_reduced_precision_says_what_it_changes(
    call: Call, model: Path, texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call("predict", "--model", model, texts, "--precision", "bf16-emulated", "--output", tmp_path / "o.jsonl") == 0
    )
    said = capsys.readouterr().err
    assert "bf16-emulated: " in said and " spans of fp32 on the first 6 documents, and " in said
    assert len((tmp_path / "o.jsonl").read_text(encoding="utf-8").splitlines()) == len(NOTES)
    gold = tmp_path / "gold.jsonl"
    gold.write_text(
        json.dumps({"text": NOTES[0], "entities": [{"start": 0, "end": 2, "type": "症状"}]}), encoding="utf-8"
    )
    report = tmp_path / "report.json"
    given = ("evaluate", "--model", model, "--data", gold, "--corpus", "jsonl", "--resamples", 10, "--json", report)
    assert call(*given, "--precision", "int8") == 0
    found = json.loads(report.read_text(encoding="utf-8"))["precision"]
    assert found["precision"] == "int8" and found["documents"] == 1
    assert call(*given) == 0
    assert "precision" not in json.loads(report.read_text(encoding="utf-8"))


def test_inspect_says_how_a_model_is_computed(
    call: Call, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("inspect", "--model", model, "--json", tmp_path / "facts.json") == 0
    said = capsys.readouterr().out
    assert "encoder pretrained" in said and "finds 症状, 部位" in said and "linear layers on this CPU by " in said
    facts = json.loads((tmp_path / "facts.json").read_text(encoding="utf-8"))
    assert "recurrences of a CRF on this CPU by " in said and facts["crf"] in ("torch", "numba")
    assert facts["linear"] in ("torch", "onednn") and facts["dtype"] == "float32"
    for wrong in ((), ("sample", "--model", model)):
        assert call("inspect", *wrong) == 2
        assert "inspect takes the name of a corpus, or --model MODEL; give one of them" in capsys.readouterr().err


@pytest.mark.slow
def test_workers_write_the_same_bytes(call: Call, notes: Path, tmp_path: Path) -> None:
    written = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}.jsonl"
        given = ("predict", "--model", SMALL, notes, "--input-format", "lines", "--output", out)
        assert call(*given, "--workers", workers, "--device", "cpu") == 0
        written.append(out.read_bytes())
    assert written[0] == written[1] and written[0].count(b"\n") == 80
    assert isinstance(open_finder(str(SMALL), workers=2, precision="auto", linear=None), WorkerFinder)
