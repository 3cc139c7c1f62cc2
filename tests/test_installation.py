"""How the package is installed is said in one way, which is true: from its source, since PyPI has none of that name."""

from __future__ import annotations

import re
from pathlib import Path

from hf_cner.data.extras import install

ROOT = Path(__file__).parents[1]
READ = ("hf_cner", "tests", "docs", "examples", "benchmarks", "model_cards", "dataset_scripts", ".")
ENDINGS = {".py", ".md", ".jinja", ".po", ".ipynb", ".yaml", ".toml", ""}
# `pip install hf-cner` and `hf-cner[extra]`; a wheel that lies in a folder of one's own may have this name.
WRONG = re.compile(r"pip install(?: +(?!in |#|--find-links)\S+)*? +['\"]?hf[-_]cner\b(?!/|-\d)|\bhf[-_]cner\[[a-z,]+\]")


def test_nothing_promises_a_package_on_pypi() -> None:
    assert WRONG.search("pip install 'hf-cner[ray]'") and WRONG.search("Needs hf_cner[search].")
    assert WRONG.search("pip install hf-cner pyspark") and not WRONG.search(install("search"))
    found = []
    for name in READ:
        for path in (ROOT / name).glob("*") if name == "." else (ROOT / name).rglob("*"):
            if path.suffix in ENDINGS and path.is_file() and path != Path(__file__) and path.name != "CHANGELOG.md":
                text = re.sub(r"(?m)^#~.*$", "", path.read_text(encoding="utf-8", errors="ignore"))
                found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in WRONG.finditer(text)]
    assert not found, f"say it as hf_cner.data.extras.install does: {found}"
