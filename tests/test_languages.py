"""Chinese where the locale asks for it, English elsewhere; and the catalogue is whole."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import message_catalogue as messages
import pytest

from hf_cner.cli import languages
from hf_cner.cli.help_pages import wrapped
from hf_cner.cli.main import main

VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
MODEL = Path(__file__).parent / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Chinese locale, until the test ends."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setattr(languages, "_chinese", False)


def said(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        main(arguments)
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_TW"}, True),
        ({"LANG": "zh"}, True),
        ({"LANG": "zh-Hans"}, True),
        ({"LC_MESSAGES": "zh_CN.GBK", "LANG": "en_US.UTF-8"}, True),
        ({"LC_ALL": "en_US.UTF-8", "LANG": "zh_CN.UTF-8"}, False),
        ({"LANGUAGE": "en", "LANG": "zh_CN.UTF-8"}, False),
        ({"LANGUAGE": "zh_CN:zh", "LANG": "en_US.UTF-8"}, True),
        ({"LANGUAGE": "zh_CN"}, True),
        ({"LANGUAGE": "xx:zh_CN:en"}, True),
        ({"LANGUAGE": "zh_CN:zh", "LC_ALL": "C"}, False),
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "xx_XX.UTF-8"}, False),
        ({"LANG": "zhuang"}, False),
        ({"LANG": "/\x00"}, False),
        ({"LANG": ""}, False),
        ({}, False),
    ],
)
def test_the_variables_of_gettext_decide(environment: dict[str, str], expected: bool) -> None:
    assert languages.wants_chinese(environment) is expected


@pytest.mark.parametrize("command", ["", *messages.named_commands()])
def test_help_is_in_chinese(command: str, chinese: None, capsys: pytest.CaptureFixture[str]) -> None:
    help_page = said([*command.split(), "--help"], capsys)
    assert help_page.startswith("用法：") and "显示本帮助并退出。" in help_page and "[required]" not in help_page


@pytest.mark.parametrize("language", ["xx_XX.UTF-8", "en_GB.UTF-8", "C"])
def test_help_is_in_english_elsewhere(
    language: str, chinese: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANG", language)
    help_page = said(["corpora", "--help"], capsys)
    assert help_page.startswith("Usage: ") and not CHINESE.search(help_page)


# What a hospital's user meets most: this is the short list that must be in Chinese.
MET = {
    "train": "错误：缺少选项“--corpus”。",
    "predict --model OUT": "错误：缺少参数“INPUT”。",
    "predict --modle OUT x": "错误：没有选项 --modle；是否想用 --model？",
    "frobnicate": "错误：没有命令“frobnicate”；运行 hf-cner --help 列出全部命令。",
    "trian": "错误：没有命令“trian”；是否想用 'train', 'pretrain'？",
    "inspect sample --input-column two": "错误：'--input-column' 的值无效：",
    "predict --model OUT note.md": "错误：note.md：文件扩展名是 .md；",
    "predict --model OUT q-7.txt": "错误：q-7.txt：没有这个文件或文件夹；请检查路径。",
    "predict --model ./absent note.txt": "错误：没有文件夹 ./absent；请给出模型所在的文件夹，或它在 Hub 上的名称。",
    "predict --model note.txt note.txt": "错误：note.txt 是文件；请给出模型所在的文件夹，其中应有 config.json。",
    "predict --model empty note.txt": "错误：缺少 empty/config.json；这是模型的文件夹吗？",
    "train --corpus sample --output-dir OUT": "错误：请说明训练什么：--preset NAME",
    "train --preset bilsm-crf --corpus sample --output-dir OUT": "错误：没有预设“bilsm-crf”；是否想用 ",
    "train --preset bilstm-crf --corpus sample --output-dir OUT --set training.x=1": "错误：没有设置 training.x。",
    "train --preset bilstm-crf --corpus ccks --output-dir OUT": "错误：没有语料或格式“ccks”；可用的有 ",
    "inspect ccks2017": "错误：语料 ccks2017 需要用 --data-dir 指明文件夹，",
    "inspect jsonl --data-dir absent": "错误：absent：没有这个文件夹或文件；请检查 --data-dir 给出的路径。",
    "inspect jsonl --data-dir note.txt": "错误：note.txt:1：JSON 不完整（",
    "inspect conll --data-dir tags.conll": "错误：tags.conll:1：标签为 'X'；应为 O 或 B-X 这样的标签，",
    "inspect conll --data-dir tags.conll --input-column 7": "错误：tags.conll:1：'头 X' 只有 2 列；每行应为一个字",
    "predict --model OUT t.csv --text-column nope": "错误：t.csv：没有“nope”这一列，现有的列是 'a', 'b'；",
    "predict --model OUT t.csv": "错误：t.csv：有 'a', 'b' 这些列，看不出文本在哪一列；请用 --text-column NAME 指明。",
    "evaluate --model OUT --data note.txt": "错误：note.txt：从文件名看不出格式；请用 --corpus NAME 指明",
    "predict --model OUT gbk.txt": "错误：gbk.txt:1：字节 0xbb 不是 UTF-8（看来是 GBK/GB18030）；应为 UTF-8 文本；请用",
    "predict --model OUT gbk.csv": "错误：gbk.csv:1：字节 0xbb 不是 UTF-8（看来是 GBK/GB18030）；应为 UTF-8 文本；",
    "predict --model OUT empty": "错误：empty：没有扩展名为 .txt 的文件；请给出装有文本的文件夹。",
    "predict --model OUT notes": "错误：notes：没有扩展名为 .txt 的文件（2 个文件中读了 0 个；略去：",
    "predict --model OUT keys.jsonl": "错误：keys.jsonl:1：没有字符串 'text'，只有 'id'；文档应与其文本相符；",
    "predict --model OUT note.txt --output note.txt": "错误：note.txt：这个文件同时也是输入；请把结果写到另一个文件。",
    "predict --model OUT note.txt --output x.pdf": "错误：x.pdf：此处不能写扩展名为 .pdf 的文件；应为 .jsonl",
    "predict --model OUT note.txt --format nope": "错误：没有输出格式“nope”；可用的有 jsonl",
    "predict --model OUT number.jsonl": "错误：number.jsonl:1：'text' 的值 3 是 JSON 的 number，不是字符串；",
    "predict --model MODEL note.txt --device gpu9": "错误：本机没有设备“gpu9”；请用 cpu；",
    "predict --model no/such note.txt": "错误：no/such 不是本机的文件夹，也无法从 Hub 读取（",
    "predict --model OUT note.txt more": "错误：多出了参数（more）；含空格的路径请加引号。",
    "serve --model OUT --port 99999": "错误：'--port' 的值无效：不得大于 65535",
    "serve --model OUT --max-texts 0": "错误：上限 texts 为 0；必须大于 0。",
    "serve --model OUT --token-file absent": "错误：absent：无法读取（FileNotFoundError）；应为存放令牌的文件。",
    "inspect jsonl --data-dir keys.jsonl": "错误：keys.jsonl:1：没有字符串 'text'，只有 'id'；文档应与其文本相符，",
    "inspect jsonl --data-dir bare.jsonl": "错误：bare.jsonl:1：没有 'entities'，只有 'text'；文档应与其文本相符，",
    "inspect jsonl --data-dir off.jsonl": "错误：off.jsonl:1：实体 {'end': 9, 'start': 0, 'type': 'x'} 超出了文本（共",
    "train --preset bilstm-crf --corpus sample --output-dir notes": "错误：notes：其中的 ",
    "train --preset bilstm-crf --corpus sample --output-dir OUT --split 8:x": "错误：--split 的值“8:x”看不懂；",
    "train --preset bilstm-crf --corpus sample --output-dir OUT --epochs -1": "_epochs 为 -1.0；必须大于 0。",
    "train --config absent.yaml --corpus sample --output-dir OUT": "错误：没有设置文件 absent.yaml。",
    "train --preset cner-base --corpus sample --output-dir OUT --set model.encoder.name_or_path=absent/one": (
        "错误：本机没有编码器 absent/one，也无法从 "
    ),
    "train --preset cner-base --corpus sample --output-dir OUT --set model.encoder.name_or_path=empty": (
        "empty：没有配置；应有 config.json 或 bert_config.json 之类的文件，写明编码器的大小；请把它也拷来。"
    ),
    "errors --model OUT": "错误：errors 需要 --split（训练时划分的部分：test、dev 或 train），",
    "export --model MODEL --to nope --output EXPORTED": "错误：不能导出为“nope”；可用的有 onnx, openvino, torch。",
    "predict --model OUT broken.xlsx": "错误：broken.xlsx：不是完整的 Excel 工作簿（",
    "inspect sample --data-dir empty": "错误：empty：样例语料 sample 随软件包提供，不从别处读取；",
    "inspect doccano --data-dir bare.jsonl": "错误：bare.jsonl:1：没有 'label'，只有 'text'；应为带 label",
    "convert sample --to brat --output note.txt": "错误：note.txt：已经存在；请给出一个新文件夹的名称。",
    "annotate absent OUT --model MODEL": "错误：absent：没有这个文件或文件夹；请检查路径。",
    "annotate note.txt OUT --model MODEL": "错误：note.txt：没有可以标注的文件（略去：'note.txt'）；扩展名应为 ",
    "card --model empty --repo ward3/x": "错误：缺少 empty/config.json；这是模型的文件夹吗？",
    "reproduce nope": "错误：没有哪篇论文有表“nope”；可用的有 ",
}


@pytest.mark.parametrize("command", MET)
def test_what_is_met_most_is_in_chinese(
    command: str, chinese: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("note.txt").write_text("患者头痛。\n", encoding="utf-8")
    Path("note.md").write_text("患者头痛。\n", encoding="utf-8")
    Path("tags.conll").write_text("头 X\n", encoding="utf-8")
    Path("t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    Path("keys.jsonl").write_text('{"id": "n"}\n', encoding="utf-8")
    Path("broken.xlsx").write_text("x", encoding="utf-8")
    Path("number.jsonl").write_text('{"text": 3}\n', encoding="utf-8")
    Path("bare.jsonl").write_text('{"text": "头痛"}\n', encoding="utf-8")
    entity = {"start": 0, "end": 9, "type": "x"}
    Path("off.jsonl").write_text(json.dumps({"text": "头痛", "entities": [entity]}) + "\n", encoding="utf-8")
    for name in ("gbk.txt", "gbk.csv"):
        Path(name).write_bytes("患者三天前出现头痛、发热，无恶心呕吐。\n".encode("gb18030"))
    Path("empty").mkdir()
    Path("notes").mkdir()
    for name in ("a.docx", "b.md"):
        Path("notes", name).write_text("x", encoding="utf-8")
    found = said([str(MODEL) if word == "MODEL" else word for word in command.split()], capsys)
    assert MET[command] in found
    assert not re.search(r"\b(found|expected|choose|give one)\b", found), "half of the sentence is English"


def test_what_has_no_chinese_stays_english() -> None:
    assert languages.in_chinese("nobody translated: this; or that.") == "nobody translated: this; or that."


def test_a_stream_that_cannot_show_chinese_gets_english(chinese: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, expected in {"ascii": False, "latin-1": False, "gbk": True, "utf-8": True}.items():
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        languages.choose()
        assert languages.chinese() is expected, encoding


def test_lines_are_as_wide_as_a_terminal_shows_them() -> None:
    from rich.cells import cell_len

    text = "把语料写成带数据卡的 Parquet，供 `datasets.load_dataset` 读取 [默认：否]，也可从 Hub 读取。" * 3
    lines = wrapped(text, 40).splitlines()
    assert "".join(lines).replace(" ", "") == text.replace(" ", "") and len(lines) > 5
    for line in lines:
        assert cell_len(line) <= 40 and line[0] not in "，。；）" and line[-1] not in "（[“"


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    expected = {entry.id: entry.string for entry in messages.catalogue() if entry.id and entry.string}
    assert languages.catalogue() == expected, "run `make messages`"


def test_no_translation_is_wrong() -> None:
    for entry in messages.catalogue():
        if entry.id and entry.string:
            assert not entry.fuzzy, f"look at it, and take the mark away: {entry.id}"
            places = [set(languages.PLACE.findall(text)) for text in (entry.id, entry.string)]
            assert places[1] <= places[0], f"{entry.id} has no such place as its translation: {places[1] - places[0]}"
            assert places[0] - places[1] <= {"again", "own"}, f"lost in the translation of {entry.id}"
            shown = [set(re.findall(r"--[a-z-]+|`hf-cner [^`]+`", text)) for text in (entry.id, entry.string)]
            assert shown[0] - shown[1] <= {"--help"}, f"a command or option is lost in the translation of {entry.id}"


def test_every_help_is_translated() -> None:
    """Of error sentences those of MET are, and whatever else the catalogue holds; `make messages` lists what lacks."""
    found = set(messages.help_messages())
    for command in messages.named_commands().values():
        assert command.help and set(messages.paragraphs(command.help)) <= found
    lacking = found - {entry.id for entry in messages.catalogue() if entry.string}
    assert not lacking, f"run `make messages`, translate what it lists, and run it again: {sorted(lacking)[:3]}"


def test_light() -> None:
    code = "import sys, hf_cner.cli.languages as l; l.choose(); assert not {'torch', 'rich'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
