"""What of a folder is published, and what stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from runs import CODE, CONFIG, results, write_run

from hf_cner.hub.card import About, make_card
from hf_cner.hub.folder import assemble, left_here, published_files, written_names
from hf_cner.hub.run import RunError, read_run

ABOUT = About(name="notes-ner")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "target").mkdir()
    return tmp_path / "target"


def test_everything_that_is_needed_and_nothing_else(tmp_path: Path, target: Path) -> None:
    run = write_run(tmp_path / "run", {"notes.py": "print('mine')", "model.bin": "a pickle", "LICENSE": "mine"})
    (run / "checkpoint-7").mkdir()
    assemble(run, target, ABOUT)
    names = {path.name for path in target.iterdir()}
    code = {f"{name}.py" for name in CODE}
    assert names - {"training_curve.png"} == code | {
        *("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "LICENSE"),
        *("results.json", "training_log.json", "README.md"),
    }
    assert names <= written_names(run)
    stays = ["checkpoint-7", "model.bin", "notes.py", "settings.yaml", "split.json", "training_args.bin"]
    assert left_here(run) == stays


def test_the_card_shows_the_training_curve(tmp_path: Path, target: Path) -> None:
    pytest.importorskip("matplotlib")
    assemble(write_run(tmp_path / "run"), target, ABOUT)
    assert "![Loss and strict F1 over the epochs](training_curve.png)" in (target / "README.md").read_text("utf-8")
    assert (target / "training_curve.png").read_bytes().startswith(b"\x89PNG")


def test_places_and_texts_stay_here(tmp_path: Path, target: Path) -> None:
    assemble(write_run(tmp_path / "run"), target, ABOUT)
    for path in target.iterdir():
        content = path.read_bytes()
        assert b"/home/chen" not in content and "张三".encode() not in content, path.name
    told = json.loads((target / "results.json").read_text(encoding="utf-8"))
    assert told["metrics"] == results()["metrics"] and told["data"]["left_out"] == 12_000
    assert told["entities"]["longest_lost"] == [3, 9, "治疗", "overlap"]
    assert json.loads((target / "config.json").read_text(encoding="utf-8"))["encoder"]["config"]["vocab_size"] == 9
    assert json.loads((target / "training_log.json").read_text())[4]["loss"] is None, "NaN is no JSON"


def test_sharded_weights(tmp_path: Path) -> None:
    names = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"]
    run = write_run(tmp_path, {"model.safetensors": None, **dict.fromkeys(names, "x")})
    assert set(names) <= set(published_files(run))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"crf.py": None}, r"crf.py is missing, which (modeling|pipeline)_cner.py names"),
        ({"pipeline_cner.py": None}, r"pipeline_cner.py is missing, which config.json names"),
        ({"config.json": CONFIG | {"auto_map": None}}, r"names no code \(auto_map\).*model.save_pretrained"),
        ({"results.json": None}, "results.json is missing"),
    ],
)
def test_missing_files_are_named(tmp_path: Path, target: Path, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        assemble(write_run(tmp_path / "run", changed), target, ABOUT)


def test_a_card_of_ones_own_is_taken(tmp_path: Path, target: Path) -> None:
    folder = write_run(tmp_path / "run")
    own = make_card(read_run(folder), ABOUT).replace("## Limits", "![the ward](ward.png)\n\n## Our limits")
    (folder / "README.md").write_text(own, encoding="utf-8")
    with pytest.raises(RunError, match=r"ward.png is missing, which the card \(README.md\) shows"):
        assemble(folder, target, ABOUT)
    (folder / "ward.png").write_text("picture")
    assert "ward.png" not in left_here(folder) and "ward.png" in written_names(folder)
    assemble(folder, target, ABOUT)
    assert (target / "README.md").read_text(encoding="utf-8") == own and (target / "ward.png").exists()


def test_a_card_without_results(tmp_path: Path, target: Path) -> None:
    """A model that was trained in code of one's own, with a card of one's own."""
    folder = write_run(tmp_path / "run", {"results.json": None, "README.md": "---\nlicense: mit\n---\nmine\n"})
    assemble(folder, target, ABOUT)
    assert (target / "README.md").exists() and not (target / "results.json").exists()


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("no metadata", "has no metadata"),
        ("---\nlicense: [\n---\n", "metadata of the card .* are invalid"),
    ],
)
def test_an_invalid_card(tmp_path: Path, target: Path, card: str, message: str) -> None:
    with pytest.raises(RunError, match=message):
        assemble(write_run(tmp_path / "run", {"README.md": card}), target, ABOUT)
    assert list(target.iterdir()) == []


def test_the_card_of_another_run(tmp_path: Path, target: Path) -> None:
    folder = write_run(tmp_path / "run")
    (folder / "README.md").write_text(make_card(read_run(folder), ABOUT), encoding="utf-8")
    changed = results()
    changed["metrics"]["test"] = changed["metrics"]["dev"]
    (folder / "results.json").write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(RunError, match=r"but results.json says 1.0; make the card again"):
        assemble(folder, target, ABOUT)


@pytest.mark.parametrize("name", ["vocab.txt", "README.md", "model.safetensors", "crf.py", "results.json"])
def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path, target: Path, name: str) -> None:
    folder = write_run(tmp_path / "run")
    (tmp_path / "secret").write_bytes((folder / name).read_bytes() if (folder / name).is_file() else b"secret")
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(tmp_path / "secret")
    with pytest.raises(RunError, match=rf"{name} is a link to a file outside the folder, which would be published"):
        assemble(folder, target, ABOUT)
    (folder / name).unlink()
    (tmp_path / "secret").rename(folder / "inside")
    (folder / name).symlink_to("inside")
    if name != "README.md":  # whose content is none
        assemble(folder, target, ABOUT)


def test_the_hubs_own_cache_links_to_its_blobs(tmp_path: Path, target: Path) -> None:
    cache = tmp_path / "models--ward3--notes"
    folder = write_run(cache / "snapshots" / "0123")
    (cache / "blobs").mkdir()
    (folder / "model.safetensors").rename(cache / "blobs" / "abc")
    (folder / "model.safetensors").symlink_to("../../blobs/abc")
    assemble(folder, target, ABOUT)
    assert not (target / "model.safetensors").is_symlink()


def test_of_where_the_records_were_nothing_is_told(tmp_path: Path, target: Path) -> None:
    found = results()
    found["settings"]["data"]["data_dir"] = "/srv/records/李四"
    found["settings"]["data"]["files"] = ["李四.txt"]
    assemble(write_run(tmp_path / "run", {"results.json": found}), target, ABOUT)
    assert all("李四".encode() not in path.read_bytes() for path in target.iterdir())
