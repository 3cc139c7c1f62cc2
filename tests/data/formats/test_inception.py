"""INCEpTION's TSV 3: layers and features, annotations over tokens and sentences, projects of several annotators."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.formats.inception import write
from hf_cner.data.problems import DataError, Problems

HEAD = "#FORMAT=WebAnno TSV 3.3\n#T_SP=x.A|value\n\n"
CUSTOM = "webanno.custom.Finding"


def saved(path: Path, *lines: str, layers: tuple[str, ...] = (f"SP={CUSTOM}|value",), form: str = "3.3") -> Path:
    head = [f"#FORMAT=WebAnno TSV {form}", *(f"#T_{layer}" for layer in layers), "", ""]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, *lines, ""]), encoding="utf-8", newline="")
    return path


def spans_of(document: Document) -> list[tuple[str, str]]:
    return [(document.mention(span), span.type) for span in document.spans]


@given(st.data())
def test_hostile_texts_and_types_come_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Nested, stacked, over sentences, with blanks at their ends; types of all reserved signs."""
    signs = st.sampled_from("头痛😀𬌗\u0301_*|[]\\;->\t\n\r\v\x85\u2028 \u3000x")
    text = data.draw(st.text(signs, max_size=30))
    kinds = st.text(st.sampled_from("症状_*|[]\\;->t1"), min_size=1, max_size=5)
    place = st.integers(0, len(text))
    drawn = data.draw(st.sets(st.tuples(place, place, kinds), max_size=8))
    document = Document(text, tuple(Span(*span) for span in drawn if span[0] < span[1]), "a")
    folder = tmp_path_factory.mktemp("inception") / "out"
    written = write([document], folder)
    assert (written.documents, written.entities, written.lost) == (1, len(document.spans), [])
    (again,) = read_corpus("inception", folder)
    assert (again.text, again.id) == (text, "a") and set(again.spans) == set(document.spans)


def test_several_tokens_sub_tokens_and_sentences(tmp_path: Path) -> None:
    """As INCEpTION writes it: a line end between two sentences is in neither, and a sentence of two lines has two."""
    path = saved(
        tmp_path / "a.tsv",
        "#Text=患者头痛",
        "1-1\t0-2\t患者\t_\t",
        "1-2\t2-4\t头痛\t症状[1]\t",
        "1-2.1\t2-3\t头\t部位\t",
        "",
        "#Text=发热。\\t",
        "#Text=😀查CT",
        "2-1\t5-7\t发热\t症状[1]|x\\|y[2]\t",
        "2-2\t7-8\t。\t_\t",
        "2-3\t10-12\t😀\t*\t",
        "2-4\t13-15\tCT\t检查\t",
    )
    problems = Problems()
    (document,) = read_corpus("inception", path, problems=problems)
    assert document.text == "患者头痛\n发热。\t\n😀查CT"
    assert spans_of(document) == [("头", "部位"), ("头痛\n发热", "症状"), ("发热", "x|y"), ("CT", "检查")]
    said = " ".join(problems.notes.values())
    assert "annotations without a value × 1, characters between sentences, which the file does not hold" in said
    assert "counted in UTF-16 units, as 4 of 4 mentions say" in said


def test_layers_and_features(tmp_path: Path) -> None:
    line = "1-1\t0-2\t头痛\tNN\tn\t症状\t阴性\t*->1-1\tlink\t位于\t1-1\t"
    layers = (
        "SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue|coarseValue",
        f"SP={CUSTOM}|kind|state",
        "CH=de.tudarmstadt.ukp.dkpro.core.api.coref.type.CoreferenceLink|referenceRelation|referenceType",
        f"RL=webanno.custom.At|value|BT_{CUSTOM}",
    )
    path = saved(tmp_path / "a.tsv", "#Text=头痛", line, layers=layers, form="3.2")
    with pytest.raises(DataError, match=r"found the features 'kind', 'state' of .*Finding'; .*--reading feature=NAME"):
        read_corpus("inception", path)
    problems = Problems()
    (document,) = read_corpus("inception", path, options={"feature": "kind", "layer": "Finding"}, problems=problems)
    assert spans_of(document) == [("头痛", "症状")]
    said = " ".join(problems.notes.values())
    for part in (
        "annotations of the layer 'POS'",
        "chains of the layer 'CoreferenceLink'",
        "relations of the layer 'At'",
    ):
        assert f"{part} × 1" in said
    (document,) = read_corpus("inception", path, options={"layer": "POS", "feature": "PosValue"})
    assert spans_of(document) == [("头痛", "NN")]
    path = saved(tmp_path / "b.tsv", "#Text=头痛", "1-1\t0-2\t头痛\t*\t", layers=(f"SP={CUSTOM}",))
    assert spans_of(read_corpus("inception", path)[0]) == [("头痛", "Finding")]
    path = saved(tmp_path / "c.tsv", "#Text=头痛", "1-1\t0-2\t头痛\t*\t*", layers=("SP=x.A|value", "SP=x.B|value"))
    with pytest.raises(DataError, match=r"found the layers 'x.A', 'x.B'; expected one of entities; name it"):
        read_corpus("inception", path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("头\tB-x\n", r"a.tsv: found '头\\tB-x' in the first line; expected #FORMAT=WebAnno TSV 3.x; export"),
        ("#FORMAT=WebAnno TSV 2\n", "expected #FORMAT=WebAnno TSV 3.x"),
        (
            f"{HEAD}#Text=头\n1-1\t0:1\t头\t_\n",
            r"a.tsv:5: found .*; expected 4 cells",
        ),
        (
            f"{HEAD}#Text=头\n1-1\t0-1\t头\n",
            r"a.tsv:5: found .*; expected 4 cells",
        ),
        (
            f"{HEAD}#Text=头痛\n1-1\t0-1\t痛\tA\n",
            "was the text edited after it was",
        ),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "a.tsv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_corpus("inception", tmp_path / "a.tsv")


def test_a_project_has_a_folder_for_each_text(tmp_path: Path) -> None:
    """`annotation/note.txt/anna.tsv`: the folder is the text's name, the file its annotator's."""
    for note in ("a.txt", "b.txt"):
        saved(tmp_path / note / "INITIAL_CAS.tsv", "#Text=头痛", "1-1\t0-2\t头痛\t_\t")
        saved(tmp_path / note / "anna.tsv", "#Text=头痛", "1-1\t0-2\t头痛\tA\t")
    saved(tmp_path / "b.txt" / "bao.tsv", "#Text=头痛", "1-1\t0-2\t头痛\tB\t")
    with pytest.raises(DataError, match=r"document b.txt of anna.tsv once more, with other .*annotator=NAME"):
        read_corpus("inception", tmp_path)
    problems = Problems()
    found = read_corpus("inception", tmp_path, options={"annotator": "anna"}, problems=problems)
    assert found == [Document("头痛", (Span(0, 2, "A"),), f"{name}.txt") for name in "ab"]


def test_the_export_is_named_where_a_table_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tsv", "#Text=头痛", "1-1\t0-2\t头痛\tA\t")
    with pytest.raises(DataError, match=r"found the export of INCEpTION \(read it as inception\); expected a table"):
        read_corpus("table", path)
    with pytest.raises(DataError, match="It looks like inception"):
        read_corpus("conll", path)
