"""The walk of folders: links, loops, what cannot be read, and the sentence about what was left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span, write_jsonl
from hf_cner.data.leakage import without_held_out
from hf_cner.data.problems import DataError, Problems
from hf_cner.data.reading.folders import survey, walk
from hf_cner.data.registry import entry
from hf_cner.data.texts import read_texts


def fill(folder: Path, *names: str, content: str = "头痛。") -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in walk(folder)]


def test_links_are_followed_and_loops_are_not(tmp_path: Path) -> None:
    folder, other = tmp_path / "notes", tmp_path / "other"
    fill(folder, "a.txt", "ward/b.txt")
    fill(other, "c.txt", "deep/d.txt")
    (folder / "linked").symlink_to(other)
    (folder / "ward" / "loop").symlink_to(folder)
    (folder / "up").symlink_to(tmp_path)
    (folder / "again").symlink_to(folder / "ward")
    (other / "back").symlink_to(folder)
    (folder / "e.txt").symlink_to(other / "c.txt")
    assert names(folder) == ["a.txt", "e.txt", "linked/c.txt", "linked/deep/d.txt", "ward/b.txt"]
    found = survey(folder)
    assert sorted(found.folders["link to a folder that is read already"]) == ["again", "linked/back", "up", "ward/loop"]


def test_a_folder_may_itself_be_a_link(tmp_path: Path) -> None:
    fill(tmp_path / "real", "a.txt", "b/c.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert names(tmp_path / "link") == ["a.txt", "b/c.txt"]


def test_what_is_read_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "b.txt", "w/c.txt", "x.csv", "w/y.csv", ".z.txt", ".git/config")
    fill(tmp_path, "empty.txt", content="")
    problems = Problems()
    assert len(read_texts([tmp_path], problems=problems)) == 3
    (note,) = problems.notes.values()
    assert note == (
        f"{tmp_path}: read 3 of 7 files; left out: 2 .csv (w/y.csv, x.csv), 1 empty (empty.txt), 1 hidden (.z.txt), "
        "1 hidden folder (.git)."
    )


def test_json_files_are_read_where_they_are_named_and_not_from_folders(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    fill(tmp_path, "notes.json", content='{"text": "发热"}\n')
    problems = Problems()
    assert len(read_texts([tmp_path], problems=problems)) == 1
    assert "1 .json (notes.json)" in problems.notes[str(tmp_path)]
    assert [document.text for document in read_texts([tmp_path / "notes.json"])] == ["发热"]


def test_where_everything_is_read_nothing_is_said(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "b.txt")
    problems = Problems()
    read_texts([tmp_path], problems=problems)
    assert problems.notes == {}


def test_a_link_that_leads_nowhere_is_a_fault_where_its_file_is_wanted(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    assert len(read_texts([tmp_path])) == 1
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(
        DataError, match=r"gone\.txt: found a link that leads nowhere; expected a file that can be read"
    ):
        read_texts([tmp_path])
    problems = Problems("skip")
    assert len(read_texts([tmp_path], problems=problems)) == 1 and len(problems.items) == 1
    assert "1 unreadable (gone.txt)" in problems.notes[str(tmp_path)]


def test_a_folder_that_cannot_be_read_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, "a.txt", "closed/b.txt", content="患者头痛。")
    fill(tmp_path, "train.jsonl", content='{"text": "头", "entities": []}\n')
    own = Path.iterdir

    def refusing(path: Path) -> object:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return own(path)

    monkeypatch.setattr(Path, "iterdir", refusing)
    for read in (lambda p: read_texts([tmp_path], problems=p), lambda p: read_corpus("jsonl", tmp_path, problems=p)):
        with pytest.raises(DataError, match=r"closed: found a folder that cannot be read \(Permission denied\)"):
            read(Problems())
        problems = Problems("skip")
        assert len(read(problems)) >= 1 and [item.path for item in problems.items] == [str(tmp_path / "closed")]


def test_pipes_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    os.mkfifo(tmp_path / "b.txt")
    problems = Problems()
    assert len(read_texts([tmp_path], problems=problems)) == 1
    assert "1 pipe or device (b.txt)" in problems.notes[str(tmp_path)]


def test_corpora_say_what_they_put_aside(tmp_path: Path) -> None:
    row = '{"text": "头", "entities": []}\n'
    fill(tmp_path, "chest.jsonl", "blood-test.jsonl", "val_fluid.jsonl", "test.jsonl", "dev/a.jsonl", content=row)
    fill(tmp_path, "notes.txt")
    problems = Problems()
    assert len(read_corpus("jsonl", tmp_path, problems=problems)) == 3
    assert problems.notes[str(tmp_path)] == (
        f"{tmp_path}: read 3 of 6 files; left out: 1 .txt (notes.txt), 1 put aside as test (test.jsonl), "
        "1 put aside as validation (dev/a.jsonl)."
    )


def test_a_file_of_another_kind_than_its_name_is_a_fault_in_a_folder(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    fill(tmp_path, "b.txt", content='{"text": "头痛"}\n')
    with pytest.raises(DataError, match=r"b\.txt: found JSON under the name of a text"):
        read_texts([tmp_path])
    problems = Problems("skip")
    assert len(read_texts([tmp_path], problems=problems)) == 1 and len(problems.items) == 1


def test_held_out_texts_behind_a_link_are_found(tmp_path: Path) -> None:
    line = "患者三天前无明显诱因出现头痛伴恶心呕吐，无发热。"
    fill(tmp_path / "away", "t.txt", content=line)
    (tmp_path / "held").mkdir()
    fill(tmp_path / "held", "other.txt", content="别的文字。")
    (tmp_path / "held" / "set").symlink_to(tmp_path / "away")
    with pytest.raises(DataError, match="1 of 1 documents hold a text"):
        without_held_out([Document(line)], [str(tmp_path / "held")])


@pytest.mark.parametrize("form", ["{}", "jsonl={}"])
def test_held_out_json_lines_count_whatever_their_gold(tmp_path: Path, form: str) -> None:
    line = "患者三天前无明显诱因出现头痛伴恶心呕吐，无发热。"
    fill(tmp_path, "x.jsonl", content=f'{{"text": "{line}", "label": [[0, 2, "x"]], "entities": [[9, 1]]}}\n')
    with pytest.raises(DataError, match="1 of 1 documents hold a text"):
        without_held_out([Document(line)], [form.format(tmp_path / "x.jsonl")])
    with pytest.raises(DataError, match="1 of 1 documents hold a text"):
        without_held_out([Document(line)], [form.format(tmp_path)])


def test_an_order_that_does_not_hang_on_the_system(tmp_path: Path) -> None:
    fill(tmp_path, "n-10.txt", "n-2.txt", "n-02.txt", "m/z.txt")
    assert names(tmp_path) == ["m/z.txt", "n-02.txt", "n-2.txt", "n-10.txt"]
    write_jsonl([Document("头")], tmp_path / "n-1.jsonl")
    assert names(tmp_path)[1] == "n-1.jsonl"


def test_our_own_list_of_written_files_is_not_named(tmp_path: Path) -> None:
    """A folder that was written here is read without a word about what we put beside its files."""
    entry("brat").write([Document("头痛", (Span(0, 2, "x"),), "a")], tmp_path / "out")
    assert (tmp_path / "out" / ".hf-cner.json").exists()
    problems = Problems()
    assert len(read_corpus("brat", tmp_path / "out", problems=problems)) == 1
    assert not any("hidden" in note for note in problems.notes.values())
