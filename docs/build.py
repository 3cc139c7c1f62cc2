"""`make docs`: the pages of this folder, in English and Chinese, as one site; what is not written by hand is made here.

Zensical makes the site of copies in build/docs/. README.md is the first page. Links between pages stay links; a link to
a file that is no page becomes plain text. A page without a Chinese twin stands in English on the Chinese side, under a
heading of its own. The API reference comes from the docstrings, the page of each corpus from the registry.

    python docs/build.py        # writes build/docs/site
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from hf_cner import _HOME_OF
from hf_cner.data.queries import query_file, read_queries
from hf_cner.data.registry import REGISTRY, Entry, entry

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "docs"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
ORDER = ("index", "install", "cookbook", "training", "encoders", "annotation", "files", "review", "publishing")
OTHERS = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
OTHERS |= {f"{name}/README.md": f"{name}.md" for name in ("benchmarks", "examples", "model_cards")}


@dataclass(frozen=True)
class Language:
    """One side of the site."""

    code: str
    name: str
    start: str
    words: dict[str, str]


ENGLISH = Language("en", "English", "README.md", {})
CHINESE = Language(
    "zh",
    "简体中文",
    "README.zh-CN.md",
    {"Corpora": "语料", "API": "API（英文）", "Project": "项目（英文）", "English": "尚无中文的页面"}
    | {"Types": "实体类型", "Files": "文件", "Licence": "许可", "Citation": "引用", "Example": "示例（虚构）"}
    | {"The question that stands for a type": "代表该类型的问题", "Type": "类型"},
)


def pages(language: Language) -> dict[str, Path]:
    """The name of each page on the site, and its file."""
    english = {"index.md": ROOT / "README.md"}
    english |= {path.name: path for path in sorted((ROOT / "docs").glob("*.md"))}
    english |= {target: ROOT / source for source, target in OTHERS.items()}
    if language is ENGLISH:
        return english
    chinese = {"index.md": ROOT / language.start}
    return english | chinese | {path.name: path for path in sorted((ROOT / "docs" / "zh").glob("*.md"))}


def untranslated() -> list[str]:
    """Pages of docs/ without a Chinese twin: this is the list."""
    return sorted(
        {p.name for p in (ROOT / "docs").glob("*.md")} - {p.name for p in (ROOT / "docs" / "zh").glob("*.md")}
    )


def relinked(text: str, source: Path, names: dict[Path, str]) -> str:
    """A page whose links lead to pages of the site; where there is none, the words stay."""

    def link(found: re.Match[str]) -> str:
        words, target = found[1], found[2]
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        path, mark, anchor = target.partition("#")
        place = Path(os.path.normpath(source.parent / path))
        place = place / "README.md" if place.is_dir() else place
        return f"[{words}]({names[place]}{mark}{anchor})" if place in names else words

    return LINK.sub(link, text)


def joined(text: str) -> str:
    """A page without the line ends between two Chinese characters, which a browser would show as blanks."""
    wide = "[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"
    parts = re.split(r"(^```.*?^```$)", text, flags=re.DOTALL | re.MULTILINE)
    return "".join(part if part.startswith("```") else re.sub(f"(?<={wide})\n(?={wide})", "", part) for part in parts)


def literal(text: str) -> str:
    """A sentence of the registry as Markdown: patterns of file names are no emphasis."""
    return re.sub(r"([*_\[\]])", r"\\\1", text).replace("<", "&lt;")


def corpus_page(found: Entry, language: Language) -> str:
    """What a corpus is, as the registry has it: its types, what they mean, and the question that stands for each."""
    say, told = language.words, yaml.safe_load((ROOT / "docs" / "corpora.yaml").read_text(encoding="utf-8"))
    asked = query_file(found.name)
    questions = read_queries(asked) if asked else {}
    columns: dict[str, Mapping[str, str]] = {"The question that stands for a type": questions}
    if language is ENGLISH:
        columns = {"Meaning": told["types"], **columns}
    head = [say.get(word, word) for word in ("Type", *columns)]
    lines = [
        head,
        ["---"] * len(head),
        *([name, *(c.get(name, "") for c in columns.values())] for name in found.entity_types),
    ]
    types = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    description = found.description if language is ENGLISH else told["chinese"][found.name]
    example = "\n\n".join(
        f"`{name}`\n\n````\n{content.rstrip()[:1500]}\n````" for name, content in found.example.items()
    )
    parts = [
        f"# {found.name}\n\n{description}",
        f"## {say.get('Types', 'Types')}\n\n{types}",
        f"## {say.get('Files', 'Files')}\n\n{literal(found.layout)}",
        f"## {say.get('Example', 'Example, invented')}\n\n{example}",
        f"## {say.get('Licence', 'Licence')}\n\n{found.licence}",
        f"## {say.get('Citation', 'Citation')}\n\n````bibtex\n{found.citation.strip()}\n````",
    ]
    return "\n\n".join(parts) + "\n"


def stage(language: Language, folder: Path) -> dict[str, str]:
    """Write the pages of one language; their names with their titles."""
    found = pages(language)
    names = {path: name for name, path in found.items()}
    names |= {path: name for name, path in pages(ENGLISH).items()} | {ROOT / "README.zh-CN.md": "index.md"}
    content = {name: relinked(path.read_text(encoding="utf-8"), path, names) for name, path in found.items()}
    content["index.md"] = re.sub(r"^.*English.* \| .*简体中文.*\n\n", "", content["index.md"], flags=re.MULTILINE)
    content = {name: joined(text) for name, text in content.items()}
    content |= {f"corpora/{name}.md": corpus_page(entry(name), language) for name in REGISTRY if entry(name).published}
    content |= {f"api/{name}.md": f"# {name}\n\n::: hf_cner.{home}.{name}\n" for name, home in sorted(_HOME_OF.items())}
    for name, text in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return {name: re.search(r"^# (.+)$", text, re.MULTILINE)[1] for name, text in content.items()}  # type: ignore[index]


def navigation(titles: dict[str, str], language: Language) -> list[dict[str, object]]:
    """What a hospital's user needs first comes first."""

    def items(names: list[str]) -> list[dict[str, object]]:
        return [{titles[name]: name} for name in names]

    def group(title: str, names: list[str]) -> list[dict[str, object]]:
        return [{language.words.get(title, title): items(names)}] if names else []

    apart = set(OTHERS.values()) | {name for name in titles if "/" in name}
    later = untranslated() if language is CHINESE else []
    first = [f"{name}.md" for name in ORDER]
    rest = [name for name in titles if name not in apart and name not in first and name not in later]
    shown = [name for name in first if name in titles and name not in later]
    below = [group("Corpora", [n for n in titles if n.startswith("corpora/")])]
    below += [group("English", later), group("API", [n for n in titles if n.startswith("api/")])]
    below += [group("Project", list(OTHERS.values()))]
    return items(shown + rest) + [one for found in below for one in found]


def settings(language: Language, titles: dict[str, str]) -> str:
    """Zensical's settings, as TOML: JSON's strings, lists and flat tables are also TOML's."""
    start = (
        {"en": "index.html", "zh": "zh/index.html"}
        if language is ENGLISH
        else {"en": "../index.html", "zh": "index.html"}
    )
    other = [{"name": one.name, "link": start[one.code], "lang": one.code} for one in (ENGLISH, CHINESE)]
    features = ["content.code.copy", "navigation.top", "navigation.tracking", "search.highlight", "navigation.footer"]
    lines = [
        "[project]",
        'site_name = "hf_cner"',
        f"docs_dir = {json.dumps(language.code)}",
        f"site_dir = {json.dumps('site' if language is ENGLISH else 'site/zh')}",
        "use_directory_urls = false",
        f"nav = {_toml(navigation(titles, language))}",
        'extra_css = ["site.css"]',
        "[project.extra]",
        f"alternate = {_toml(other)}",
        "[project.theme]",
        f"language = {json.dumps(language.code)}",
        "font = false",  # of the system: nothing is fetched from a server of fonts
        f"features = {json.dumps(features)}",
        "[project.markdown_extensions]",
        "tables = {}",
        "toc.permalink = true",
        "pymdownx.superfences = {}",
        "pymdownx.highlight = {}",
        "pymdownx.inlinehilite = {}",
        "[project.plugins.mkdocstrings.handlers.python]",
        f"paths = [{json.dumps(str(ROOT))}]",
        'options = {show_source = false, inherited_members = true, docstring_style = "google", '
        "docstring_options = {warnings = false}, "  # one line of Args may say several parameters
        "show_root_heading = false, heading_level = 2, "
        "show_root_toc_entry = false, separate_signature = true, show_signature_annotations = true}",
    ]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {_toml(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


STYLE = """:root { --md-text-font: system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
.md-typeset { line-height: 1.7; }
.md-typeset table:not([class]) { font-size: 0.7rem; }
.md-typeset table:not([class]) :is(th, td):first-child { min-width: 5.5rem; }
.md-typeset table:not([class]) thead:not(:has(th:not(:empty))) { display: none; }
"""


def main() -> int:
    """Build both sides; 1 where Zensical says anything is wrong."""
    shutil.rmtree(WORK, ignore_errors=True)
    faults = 0
    for language in (ENGLISH, CHINESE):
        titles = stage(language, WORK / language.code)
        (WORK / language.code / "site.css").write_text(STYLE, encoding="utf-8")
        config = WORK / f"{language.code}.toml"
        config.write_text(settings(language, titles), encoding="utf-8")
        command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict", "--config-file", str(config)]
        faults += subprocess.run(command, cwd=WORK, check=False).returncode != 0
    print(f"Without a Chinese twin: {', '.join(untranslated()) or 'none'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
