"""The cards of the repository: what explains the template is complete, and every filled card is one."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from huggingface_hub import ModelCard
from jinja2 import meta

from hf_cner.hub.metadata import check_card

ROOT = Path(__file__).parents[1]
CARDS = sorted(path for path in (ROOT / "model_cards").glob("*.md") if path.name != "README.md")
TEMPLATE = ROOT / "hf_cner" / "hub" / "model_card.md.jinja"


def test_everything_in_the_template_is_explained() -> None:
    template = jinja2.Environment(autoescape=True).parse(TEMPLATE.read_text(encoding="utf-8"))
    text = (ROOT / "model_cards" / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert explained == meta.find_undeclared_variables(template)


@pytest.mark.parametrize("path", CARDS, ids=[path.stem for path in CARDS])
def test_a_filled_card_is_whole(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    check_card(text)
    assert ModelCard(text).data.eval_results, "no figures"
    titles = re.findall(r"^## (.*)$", TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE)
    assert all(f"\n## {title}\n" in text for title in titles)
    assert f"\n# {path.stem}\n" in text
    for image in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (path.parent / image).is_file()
    assert not re.search(r"(^|[\s`\"'(])(/home|/root|/tmp|/mnt|/Users)/", text), "a place of a machine"
