"""What README and docs show works as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import cases
import pytest
import typer

from hf_cner import CnerForTokenClassification, Predictor
from hf_cner.cli.main import app
from hf_cner.data.tokenizer import build_character_tokenizer

ROOT = Path(__file__).parents[1]
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
CHINESE = {  # by the path of the English twin
    "README.md": (ROOT / "README.zh-CN.md").read_text(encoding="utf-8"),
    **{f"docs/{path.name}": path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "zh").glob("*.md"))},
}
ALL = "\n".join(PAGES.values())


def test_python_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", PAGES["training.md"], flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "training.md", "exec"), {"__name__": "readme"})
    lines = capsys.readouterr().out.splitlines()
    assert any(re.fullmatch(r"[01]\.\d+", line) for line in lines), "strict F1"
    assert Predictor.from_pretrained("OUT").entity_types[0] == "症状和体征"


# PEFT (0.21: PeftModel.__init__) itself asks the model by a name that transformers 5.23 calls deprecated.
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_what_it_shows_of_transformers_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("peft", reason="PEFT is not installed: pip install '.[peft]'")
    blocks = re.findall(r"```py\n(.*?)```", PAGES["transformers.md"], flags=re.DOTALL)
    assert len(blocks) == 4
    monkeypatch.chdir(tmp_path)
    start = CnerForTokenClassification(cases.config("bert"))
    start.save_pretrained("OUT")
    build_character_tokenizer("患者3天前出现头痛、发热。").save_pretrained("OUT")
    start.cner.encoder.model.save_pretrained("ENCODER")
    known = {"__name__": "readme", "config": cases.config()}
    for block in blocks:
        exec(compile(block, "transformers.md", "exec"), known)
    assert type(known["find"]).__name__ == "ClinicalNerPipeline"
    assert type(known["model"]).__name__ == "PeftModel"
    merged = CnerForTokenClassification.from_pretrained("MERGED")
    assert merged.config.entity_types == cases.TYPES


def test_what_it_shows_of_spacy_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("spacy", reason="spaCy is not installed: pip install '.[spacy]'")
    shutil.copytree(ROOT / "tests" / "fixtures" / "checkpoints" / "tagging-bilstm-crf", tmp_path / "OUT")
    monkeypatch.chdir(tmp_path)
    import hf_cner.inference.spacy_component  # noqa: F401  (an installed package is found by its entry point)

    known: dict[str, object] = {"__name__": "readme"}
    for block in re.findall(r"```py\n(.*?)```", PAGES["elsewhere.md"], flags=re.DOTALL):
        exec(compile(block, "elsewhere.md", "exec"), known)
    assert [span.text for span in known["doc"].ents] == ["头痛"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", CHINESE)
def test_the_chinese_page_shows_the_same_blocks(name: str) -> None:
    """In the same order; so they are tested where the English ones are."""
    english = (ROOT / name).read_text(encoding="utf-8")
    assert BLOCK.findall(CHINESE[name]) == BLOCK.findall(english), f"{name} and its Chinese twin show other code"


@pytest.mark.parametrize("name", CHINESE)
def test_the_chinese_page_says_the_same(name: str) -> None:
    """As far as a test can tell: the same headings and rows of tables, and whatever stands between backticks."""
    pages = [BLOCK.sub("", text) for text in ((ROOT / name).read_text(encoding="utf-8"), CHINESE[name])]
    for form in (r"^(#+) ", r"^\|"):
        english, chinese = (re.findall(form, page, flags=re.MULTILINE) for page in pages)
        assert chinese == english, f"{name} and its Chinese twin have other headings or other rows of tables"
    english, chinese = ({" ".join(code.split()) for code in re.findall(r"`([^`]+)`", page)} for page in pages)
    assert not english - chinese, f"the Chinese twin of {name} does not name {english - chinese}"


def test_every_page_has_a_chinese_twin_which_links_chinese_pages() -> None:
    assert set(CHINESE) == {name if name == "README.md" else f"docs/{name}" for name in PAGES}
    for name, text in CHINESE.items():
        links = re.findall(r"\]\(([^)#]*[a-z]+\.md)", text)
        back = [link for link in links if re.match(r"(\.\./|docs/)[a-z]+\.md", link)]
        assert not back, f"the Chinese twin of {name} links English pages that have a twin: {back}"


def test_the_pages_in_two_languages_link_each_other() -> None:
    assert "(README.zh-CN.md)" in PAGES["README.md"] and "(README.md)" in CHINESE["README.md"]


def test_the_readme_is_an_entrance() -> None:
    assert len(PAGES["README.md"].splitlines()) <= 150 and len(CHINESE["README.md"].splitlines()) <= 150
    linked = set(re.findall(r"\]\(docs/([a-z]+\.md)\)", PAGES["README.md"]))
    assert linked == set(PAGES) - {"README.md"}, "each page is linked, and each link has its page"


def test_links_lead_to_files() -> None:
    chinese = {
        name.replace("docs/", "docs/zh/").replace("README", "README.zh-CN"): text for name, text in CHINESE.items()
    }
    english = {f"docs/{name}" if name != "README.md" else name: text for name, text in PAGES.items()}
    for name, text in {**english, **chinese}.items():
        folder = (ROOT / name).parent
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (folder / target).exists(), f"{name} links {target}"


def test_commands_exist() -> None:
    shown = set(re.findall(r"hf-cner ([a-z]+)", ALL))
    registered = {command.name for command in (*app.registered_commands, *app.registered_groups)}
    assert shown <= registered and {"train", "evaluate", "predict", "inspect"} <= shown


def test_options_exist() -> None:
    """Of every command in a block or between backticks, continued lines included."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    text = ALL.replace("\\\n", " ")
    shown = [
        line.split("#")[0] for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    shown += re.findall(r"`(hf-cner [^`]+)`", text)
    uses = [re.match(r"(?:HF_\S+ )?hf-cner ([a-z]+) ?([a-z]*)(.*)", line) for line in shown]
    found = [(use[1], use[2], option) for use in uses if use for option in re.findall(r"(?<=\s)--[a-z-]+", use[3])]
    assert len(found) > 50
    for command, second, option in found:
        chosen = commands[command]
        chosen = getattr(chosen, "commands", {}).get(second, chosen)  # `encoder import` stands in a group
        known = {name for p in chosen.params for name in [*p.opts, *p.secondary_opts]}
        assert option in known | {"--help"}, f"hf-cner {command} {option}"
