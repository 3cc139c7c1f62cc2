"""The organisers' CSV gold beside text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Span
from hf_cner.data.problems import DataError, Problems

TEXTS = {
    ("一般项目", 302): "双肩酸胀三天。\r\n\r\n\r\n",
    ("诊疗经过", 301): "查 BP 120 80 mmHg, 左肘 压痛;予以 热敷。",
    ("诊疗过程", 302): "无特殊。\r\n",
}
HEADER = "id,section,entities\r\n"
ROWS = [
    "302,一般项目,双肩 0 1 身体部位;酸胀 2 3 症状和体征;",
    '301,诊疗经过,"BP 120 80 mmHg 2 15 检查和检验; 左肘 压痛 17 22 症状和体征;热敷 27 28 治疗"',
    "302,诊疗经过,",
]


def write(tmp_path: Path, rows: list[str], header: str = HEADER, original: bool = True) -> Path:
    for (section, number), text in TEXTS.items():
        (tmp_path / section).mkdir(exist_ok=True)
        name = f"{section}-{number}.txt" + ("original.txt" if original else "")
        (tmp_path / section / name).write_bytes(text.encode())
    path = tmp_path / "gold.csv"
    path.write_bytes((header + "\r\n".join(rows) + "\r\n").encode("utf-8-sig"))
    return path


@pytest.mark.parametrize("header", [HEADER, ""])
@pytest.mark.parametrize("original", [True, False])
def test_quoted_and_bare_rows(tmp_path: Path, header: str, original: bool) -> None:
    path = write(tmp_path, ROWS, header, original)
    documents = read_corpus("ccks2017-csv", tmp_path)
    assert [document.id for document in documents] == ["一般项目-302", "诊疗经过-301", "诊疗经过-302"]
    assert [document.record for document in documents] == ["302", "301", "302"]
    assert documents[0].spans == (Span(0, 2, "身体部位"), Span(2, 4, "症状和体征"))
    mentions = [documents[1].mention(span) for span in documents[1].spans]
    assert mentions == ["BP 120 80 mmHg", " 左肘 压痛", "热敷"]
    assert documents[2].spans == ()
    assert documents[2].text == TEXTS["诊疗过程", 302]
    assert read_corpus("ccks2017-csv", path) == documents


def test_a_comma_and_a_semicolon_inside_a_mention(tmp_path: Path) -> None:
    rows = [ROWS[0], "301,诊疗经过,mmHg, 左肘 12 19 检查和检验;压痛;予以 21 25 治疗;,,", ROWS[2]]
    write(tmp_path, rows)
    document = read_corpus("ccks2017-csv", tmp_path)[1]
    assert [document.mention(s) for s in document.spans] == ["mmHg, 左肘", "压痛;予以"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("302,一般项目,双肩 0 2 身体部位;", r"gold\.csv:2: found the mention '双肩' at 0 to 2.*inclusive"),
        ("302,一般项目,双肩 0 1 部位;", r"gold\.csv:2: found the type '部位'"),
        ("302,一般项目,双肩 0 身体部位;", r"gold\.csv:2: found the entry '双肩 0 身体部位;'"),
        ("302", r"gold\.csv:2: found the row \['302'\].*expected id, section, entities"),
        ("399,一般项目,", r"gold\.csv:2: found a row for 一般项目-399, of which there is no text"),
    ],
)
def test_faults_have_file_and_line(tmp_path: Path, row: str, message: str) -> None:
    write(tmp_path, [row, *ROWS[1:]])
    with pytest.raises(DataError, match=message):
        read_corpus("ccks2017-csv", tmp_path)


def test_a_text_without_a_row_and_a_second_row(tmp_path: Path) -> None:
    write(tmp_path, ROWS[:2])
    with pytest.raises(DataError, match=r"诊疗过程-302.*a text without a row in gold\.csv"):
        read_corpus("ccks2017-csv", tmp_path)
    write(tmp_path, [*ROWS, ROWS[0]])
    with pytest.raises(DataError, match=r"gold\.csv:5: found a second row for 一般项目-302"):
        read_corpus("ccks2017-csv", tmp_path)
    problems = Problems("skip")
    assert len(read_corpus("ccks2017-csv", tmp_path, problems=problems)) == 3 and len(problems.items) == 1


def test_no_csv_or_two(tmp_path: Path) -> None:
    write(tmp_path, ROWS).rename(tmp_path / "a.csv")
    (tmp_path / "b.csv").write_text("x")
    with pytest.raises(DataError, match=r"found a\.csv, b\.csv; expected one CSV file"):
        read_corpus("ccks2017-csv", tmp_path)
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").unlink()
    with pytest.raises(DataError, match="found no CSV file; expected one CSV file"):
        read_corpus("ccks2017-csv", tmp_path)


def test_the_csv_folder_is_not_ccks2017(tmp_path: Path) -> None:
    write(tmp_path, ROWS)
    with pytest.raises(DataError, match="look like ccks2017-csv"):
        read_corpus("ccks2017", tmp_path)
