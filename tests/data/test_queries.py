"""The questions of every corpus, and what is said about files of questions that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.corpora import entity_types
from hf_cner.data.problems import DataError
from hf_cner.data.queries import queries_for, query_file, read_queries
from hf_cner.data.registry import published


@pytest.mark.parametrize("corpus", published())
def test_every_corpus_has_one_chinese_question_per_type(corpus: str) -> None:
    queries = queries_for(corpus, entity_types(corpus))
    assert tuple(queries) == tuple(entity_types(corpus))
    assert len(set(queries.values())) == len(queries)
    assert all(query.endswith("有哪些？") or "哪些" in query for query in queries.values())
    path = query_file(corpus)
    assert path is not None and set(read_queries(path)) == set(queries)  # none for a type that does not exist


def test_the_order_is_that_of_the_types_and_others_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "queries.yaml"
    path.write_text(
        "# mine\n症状: 有哪些症状？\n'药物': \"有哪些药物: 名称？\"\n检查: 做了哪些检查？\n", encoding="utf-8"
    )
    assert queries_for("jsonl", ["药物", "症状"], source=path) == {"药物": "有哪些药物: 名称？", "症状": "有哪些症状？"}
    assert list(read_queries(path)) == ["症状", "药物", "检查"]


def test_another_corpus_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert queries_for("jsonl", ["药物"], source="ccks2018") == {"药物": "电子病历中的药物有哪些？"}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ccks2018").write_text("药物: 用了什么药？\n", encoding="utf-8")
    assert queries_for("jsonl", ["药物"], source="ccks2018") == {"药物": "用了什么药？"}  # a file here comes first


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("药物: 药物？\n药物: 哪些药？\n", r"q.yaml:2: found a second query for '药物'; expected one; remove one"),
        ("药物: 药物？\n检查: '  '\n", r"q.yaml:2: found an empty query for '检查'; expected a question"),
        ("药物:\n", r"q.yaml:1: found an empty query for '药物'"),
        ("药物: ~\n", r"q.yaml:1: found an empty query for '药物'"),
        ("药物: [一, 二]\n", r"q.yaml:1: found an empty query for '药物'"),
        ("药物: 有哪些？\n检查: 有哪些？\n", r"q.yaml:2: found the query of '药物' again for '检查'"),
        ("- 药物\n", r"q.yaml: found no questions; expected lines `type: question`"),
        ("", r"q.yaml: found no questions"),
        ("{}\n", r"q.yaml: found no questions"),
        ("? [a]\n: b\n", r"q.yaml:1: found no type"),
        ("药物: '有哪些\n", r"q.yaml:\d: found broken YAML"),
    ],
)
def test_a_file_that_cannot_be_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as caught:
        read_queries(path)
    assert "\n" not in str(caught.value)


def test_types_without_a_question_are_named(tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    path.write_text("药物: 哪些药物？\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"q.yaml: found no query for the type '检查'; expected one for each type"):
        queries_for("jsonl", ["药物", "检查"], source=path)
    with pytest.raises(
        DataError, match=r"The corpus 'jsonl' has no queries of its own; write a YAML file .*\['药物'\]"
    ):
        queries_for("jsonl", ["药物"])
    with pytest.raises(DataError, match=r"nowhere.yaml"):
        queries_for("jsonl", ["药物"], source=tmp_path / "nowhere.yaml")
