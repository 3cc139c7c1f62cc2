"""CCKS-2017 and CCKS-2018 folders: what is read, and what is said about each fault."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.overlaps import Overlaps, count_overlaps
from hf_cner.data.problems import DataError, Problems

TEXT = "患者双肩酸胀三天。\r\n\r\n\r\n\r\n"
GOOD = [("双肩", 2, 3, "身体部位"), ("酸胀", 4, 5, "症状和体征")]


def test_texts_are_never_edited(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, TEXT, GOOD)
    (document,) = read_corpus("ccks2017", tmp_path)
    assert document == Document(TEXT, (Span(2, 4, "身体部位"), Span(4, 6, "症状和体征")), id="一般项目-1", record="1")


def test_columns_are_split_on_tab_and_never_stripped(tmp_path: Path, write_section) -> None:
    text = "查体\t 左肘压痛 ,余可"
    write_section("病史特点", 7, text, [(" 左肘压痛 ", 3, 8, "症状和体征")])
    (document,) = read_corpus("ccks2017", tmp_path)
    assert [document.mention(span) for span in document.spans] == [" 左肘压痛 "]
    assert document.text == text


def test_records_in_numeric_order_and_sections_as_written(tmp_path: Path, write_section) -> None:
    for section in ("出院情况", "诊疗经过", "一般项目", "病史特点", "手术记录"):
        for number in (10, 2):
            write_section(section, number, TEXT + section, GOOD)
    ids = [document.id for document in read_corpus("ccks2017", tmp_path)]
    order = ("一般项目", "病史特点", "诊疗经过", "出院情况", "手术记录")
    assert ids == [f"{section}-{number}" for number in (2, 10) for section in order]


def test_both_folder_styles_and_both_names_of_a_section(tmp_path: Path, write_section) -> None:
    write_section("诊疗过程", 3, TEXT, GOOD, folder="03-诊疗过程-1-200")
    write_section("病史特征", 3, TEXT, GOOD, folder="02-病史特征-1-200")
    write_section("02-病史特点", 4, TEXT, GOOD)
    assert [d.id for d in read_corpus("ccks2017", tmp_path)] == ["病史特点-3", "诊疗经过-3", "病史特点-4"]


def test_gz_bom_and_empty_annotations(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, "\ufeff" + TEXT, "\ufeff双肩\t2\t3\t身体部位", gz=True)
    write_section("一般项目", 2, TEXT, "\r\n")
    write_section("一般项目", 3, TEXT, "")
    first, second, third = read_corpus("ccks2017", tmp_path)
    assert first.text == TEXT and first.spans == (Span(2, 4, "身体部位"),)
    assert second.spans == third.spans == ()


def test_what_the_files_say_twice_is_kept_twice(tmp_path: Path, write_section) -> None:
    nested = [("双肩酸胀", 2, 5, "症状和体征"), ("双肩", 2, 3, "身体部位"), ("双肩", 2, 3, "身体部位")]
    write_section("一般项目", 1, TEXT, nested)
    (document,) = read_corpus("ccks2017-early", tmp_path)
    assert count_overlaps(document.spans) == Overlaps(nested=1, duplicates=1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("双肩", 2, 3, "部位"), r"一般项目-1\.txt:2: found the type '部位'.*expected one of 症状和体征, .*"),
        (("双肩", 2, 30, "身体部位"), r":2: found offsets 2 to 30.*inside the text of 17 characters"),
        (("双肩", -1, 3, "身体部位"), r":2: found offsets -1 to 3.*inside the text"),
        (("双肩", 3, 2, "身体部位"), r":2: found offsets 3 to 2.*expected an inclusive end not before the start"),
        (("双肩", 2, "三", "身体部位"), r":2: found the line.*expected mention TAB start TAB end TAB type"),
        (("双肩", 2, 3), r":2: found the line.*expected mention TAB start TAB end TAB type"),
        (("双臂", 2, 3, "身体部位"), r":2: found the mention '双臂' at 2 to 3.*expected '双肩'.*ends are inclusive"),
    ],
)
def test_a_bad_annotation_stops_or_is_left_out(tmp_path: Path, write_section, line, message: str) -> None:
    write_section("一般项目", 1, TEXT, [GOOD[0], line, GOOD[1]])
    with pytest.raises(DataError, match=message):
        read_corpus("ccks2017", tmp_path)
    problems = Problems("skip")
    (document,) = read_corpus("ccks2017", tmp_path, problems=problems)
    assert len(document.spans) == 2 and len(problems.items) == 1


def test_the_other_end_convention_is_named_when_it_fits_all(tmp_path: Path, write_section) -> None:
    exclusive = [("双肩", 2, 4, "身体部位"), ("酸", 4, 5, "症状和体征")]
    write_section("一般项目", 1, TEXT, exclusive)
    write_section("一般项目", 2, TEXT, exclusive)
    message = r"1\.txt:1: .*with exclusive ends all 2 mentions of this file and all 4 mentions of the corpus "
    with pytest.raises(DataError, match=message + "would match; these are exclusive ends"):
        read_corpus("ccks2017", tmp_path)


def test_a_single_slip_is_not_taken_for_the_other_convention(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, TEXT, [*GOOD, ("酸胀", 4, 6, "症状和体征")])
    write_section("一般项目", 2, TEXT, GOOD)
    message = "with exclusive ends 1 of the 3 mentions of this file and 1 of the 5 mentions of the corpus "
    with pytest.raises(DataError, match=message + "would match; correct the offsets or the mention"):
        read_corpus("ccks2017", tmp_path)


def test_unpaired_files(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, TEXT, GOOD)
    write_section("一般项目", 2, TEXT, None)
    write_section("一般项目", 3, None, GOOD)
    with pytest.raises(DataError, match=r"2\.txtoriginal\.txt.*a text without annotations.*expected 一般项目-2\.txt"):
        read_corpus("ccks2017", tmp_path)
    problems = Problems("skip")
    assert [d.id for d in read_corpus("ccks2017", tmp_path, problems=problems)] == ["一般项目-1"]
    assert len(problems.items) == 2
    assert "一般项目-3.txtoriginal.txt beside it" in problems.items[1].expected


def test_texts_only_point_to_the_csv_gold(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, TEXT, None)
    with pytest.raises(DataError, match="ccks2017-csv"):
        read_corpus("ccks2017", tmp_path)


def test_two_files_for_one_section(tmp_path: Path, write_section) -> None:
    write_section("诊疗经过", 1, TEXT, GOOD)
    write_section("诊疗过程", 1, TEXT, GOOD)
    with pytest.raises(DataError, match="a second file for 诊疗经过-1"):
        read_corpus("ccks2017", tmp_path)


def test_an_empty_text_is_left_out(tmp_path: Path, write_section) -> None:
    write_section("一般项目", 1, "\r\n\r\n", "")
    write_section("一般项目", 2, TEXT, GOOD)
    with pytest.raises(DataError, match=r"found an empty text \(document 一般项目-1\)"):
        read_corpus("ccks2017", tmp_path)
    assert len(read_corpus("ccks2017", tmp_path, on_error="skip")) == 1


def test_bytes_in_another_encoding_leave_out_the_section(tmp_path: Path, write_section) -> None:
    text_path, _ = write_section("一般项目", 1, TEXT, GOOD)
    text_path.write_bytes(TEXT.encode("gbk"))
    write_section("一般项目", 2, TEXT, GOOD)
    with pytest.raises(DataError, match="looks like GBK"):
        read_corpus("ccks2017", tmp_path)
    assert [d.id for d in read_corpus("ccks2017", tmp_path, on_error="skip")] == ["一般项目-2"]


def test_ccks2018_has_exclusive_ends(tmp_path: Path, write_section) -> None:
    text = "右踝扭伤后肿痛。"
    write_section("入院记录现病史", 5, text, [("右踝", 0, 2, "解剖部位"), ("肿痛", 5, 7, "症状描述")])
    (document,) = read_corpus("ccks2018", tmp_path)
    assert document == Document(text, (Span(0, 2, "解剖部位"), Span(5, 7, "症状描述")), "入院记录现病史-5", "5")
    with pytest.raises(DataError, match=r"look like ccks2018; expected those of ccks2017"):
        read_corpus("ccks2017", tmp_path)


@pytest.mark.data
def test_published_ccks2017(data_dir: Path) -> None:
    documents = read_corpus("ccks2017", data_dir / "ccks2017" / "train")
    assert len(documents) == 1198 and len({d.record for d in documents}) == 300
    counts = Counter(span.type for d in documents for span in d.spans)
    assert counts == {"症状和体征": 7831, "检查和检验": 9546, "疾病和诊断": 722, "治疗": 1048, "身体部位": 10719}
    assert sum((count_overlaps(d.spans) for d in documents), Overlaps()) == Overlaps()
    assert sum(d.record == "191" for d in documents) == 2
    assert sum(not d.spans for d in documents) == 32
    assert documents[0].text.endswith("\r\n\r\n\r\n\r\n")
    assert read_corpus("ccks2017", data_dir / "ccks2017") == documents


@pytest.mark.data
def test_published_early_release(data_dir: Path) -> None:
    documents = read_corpus("ccks2017-early", data_dir / "ccks2017_early")
    assert len({d.record for d in documents}) == 100
    assert sum(len(d.spans) for d in documents) == 7916
    assert sum((count_overlaps(d.spans) for d in documents), Overlaps()) == Overlaps(207, 0, 1, 1)


@pytest.mark.data
def test_published_ccks2018(data_dir: Path) -> None:
    documents = read_corpus("ccks2018", data_dir / "ccks2018" / "train")
    assert len(documents) == 600
    counts = Counter(span.type for d in documents for span in d.spans)
    assert counts == {"解剖部位": 7838, "症状描述": 2066, "独立症状": 3055, "药物": 1005, "手术": 1116}


def test_both_published_parts_at_once_are_refused(tmp_path: Path) -> None:
    for part, number in (("train", 1), ("test", 2)):
        (tmp_path / part).mkdir()
        (tmp_path / part / f"一般项目-{number}.txtoriginal.txt").write_text("头痛", encoding="utf-8")
        (tmp_path / part / f"一般项目-{number}.txt").write_text("头痛\t0\t1\t症状和体征\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"found the published parts .* side by side; expected one of them"):
        read_corpus("ccks2017", tmp_path)
    assert len(read_corpus("ccks2017", tmp_path / "train")) == 1
