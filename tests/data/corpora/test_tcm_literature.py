"""TCM literature in its ten types and in five, and CoNLL files in general."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hf_cner.data.corpora import entity_types, read_corpus, splits
from hf_cner.data.documents import Span
from hf_cner.data.problems import DataError, Problems


def tagged(*pairs: tuple[str, str]) -> str:
    """Lines of BIO for (piece of text, type or nothing)."""
    lines = []
    for text, type_ in pairs:
        for place, character in enumerate(text):
            lines.append(f"{character} {('B-' if place == 0 else 'I-') + type_ if type_ else 'O'}")
    return "\r\n".join(lines) + "\r\n\r\n"


SENTENCES = tagged(("四物汤", "方剂"), ("治", ""), ("血虚", "中医证候"), (" ", ""), ("头晕", "临床表现")) + tagged(
    ("当归", "中药"), ("贫血", "西医诊断"), ("血劳", "中医诊断"), ("补血", "中医治则")
)


def write(tmp_path: Path, *names: str) -> Path:
    for name in names:
        (tmp_path / name).write_bytes(SENTENCES.encode())
    (tmp_path / "LICENSE").write_text("Apache", encoding="utf-8")
    return tmp_path


def test_ten_types_and_published_splits(tmp_path: Path) -> None:
    write(tmp_path, "medical.train", "medical.dev", "medical.test")
    assert splits("tcm-literature", tmp_path) == ("train", "validation", "test")
    first, second = read_corpus("tcm-literature", tmp_path)
    assert (first.id, second.id, second.record) == ("medical.train-1", "medical.train-2", "medical.train-2")
    assert first.text == "四物汤治血虚 头晕"
    assert first.spans == (Span(0, 3, "方剂"), Span(4, 6, "中医证候"), Span(7, 9, "临床表现"))
    test = read_corpus("tcm-literature5", tmp_path, split="test")
    assert [document.id for document in test] == ["medical.test-1", "medical.test-2"]


def test_five_types(tmp_path: Path) -> None:
    first, second = read_corpus("tcm-literature5", write(tmp_path, "medical.train"))
    assert [span.type for span in first.spans] == ["方剂", "证候", "症状"]
    assert second.spans == (Span(0, 2, "中药"), Span(2, 4, "疾病"), Span(4, 6, "疾病"))
    assert {span.type for d in (first, second) for span in d.spans} == set(entity_types("tcm-literature5"))


def test_an_unknown_type_and_an_illegal_tag(tmp_path: Path) -> None:
    path = tmp_path / "medical.train"
    path.write_text("头 B-症候\n晕 I-症候\n\n头 B-临床表现\n晕 O\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"medical\.train: found the type '症候' in document medical\.train-1"):
        read_corpus("tcm-literature", path)
    problems = Problems("skip")
    assert [len(d.spans) for d in read_corpus("tcm-literature", path, problems=problems)] == [0, 1]
    assert len(problems.items) == 1
    path.write_text("头 I-临床表现\n晕 O\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"medical\.train:1: found the tag 'I-临床表现' after the beginning"):
        read_corpus("tcm-literature", path)


def test_conll_folder(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("头,B_SYM\n晕,E_SYM\n,,O\n", encoding="utf-8")
    (tmp_path / "dev.txt").write_text("头,O\n", encoding="utf-8")
    (tmp_path / "readme.txt").write_text("nothing to read", encoding="utf-8")
    (document,) = read_corpus("conll", tmp_path)
    assert (document.id, document.text, document.spans) == ("train-1", "头晕,", (Span(0, 2, "SYM"),))
    assert [d.text for d in read_corpus("conll", tmp_path, split="validation")] == ["头"]


@pytest.mark.data
def test_published_sentences(data_dir: Path) -> None:
    folder = data_dir / "tcm" / "literature"
    train = read_corpus("tcm-literature", folder)
    dev = read_corpus("tcm-literature", folder, split="validation")
    assert (len(train), len(dev)) == (5259, 657)
    assert [sum(len(d.spans) for d in part) for part in (train, dev)] == [12634, 1620]
    five = Counter(span.type for d in read_corpus("tcm-literature5", folder) for span in d.spans)
    assert five == {"方剂": 1012, "证候": 1170, "中药": 2786, "症状": 3068, "疾病": 2690}
