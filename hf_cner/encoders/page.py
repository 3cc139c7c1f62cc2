"""The page beside an imported encoder: what it was made from, and what was changed on the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .findings import Findings, grouped


def page(findings: Findings, digests: Mapping[str, str], *, parameters: int) -> str:
    """The README of an imported encoder, in Markdown.

    Args:
        findings: what was found while it was read.
        digests: SHA-256 of the files that it was read from, by name.
        parameters: number of weights that were kept.
    """
    parts = [
        f"# {_plain(findings.model_type)} encoder, imported by `hf-cner encoder import`",
        f"Source: `{_plain(_named(findings.source))}`. The licence of the source applies to this copy as well; read it "
        "there before you use this encoder or pass it on.",
        "`AutoModel.from_pretrained` and `AutoTokenizer.from_pretrained` load this folder without code of its own. "
        "`AutoModel` may say that weights of the pooler are missing: a tagger has no use for them. The tokenizer makes "
        "one token of each character, with the ids of the published vocabulary. A tagger takes this folder with "
        "`hf-cner train --set model.encoder.name_or_path=FOLDER`.",
        "## What was found",
        _listed(
            [
                f"type: {findings.model_type}",
                f"weights: {findings.weights}; {parameters:,} numbers are kept, in float32",
                f"vocabulary: {findings.vocabulary}",
            ]
        ),
        "## What was changed",
        _listed([*findings.settings, *findings.renamed]) or "Nothing.",
        "## What was left out",
        _listed([*grouped(findings.dropped), *(f"beside the weights: {name}" for name in findings.ignored)])
        or "Nothing.",
        *(["## Warnings", _listed(findings.warnings)] if findings.warnings else []),
        "## Files that were read",
        "| file | SHA-256 |\n|---|---|\n" + "\n".join(f"| `{_plain(n)}` | `{d}` |" for n, d in digests.items()),
    ]
    if findings.dropped:
        names = "\n".join(f"    {_plain(name)}" for name in sorted(findings.dropped))
        parts += ["## All weights that were left out", names]
    return "\n\n".join(parts) + "\n"


def _named(source: str) -> str:
    """A name on the Hub as it is; of a folder its own name, because the page may be published."""
    return Path(source).name if Path(source).exists() else source


def _listed(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(sentence)}" for sentence in sentences)


def _plain(text: str) -> str:
    """On one line, without what Markdown or a page would take for markup: names in a file are anybody's."""
    kept = "".join(character if character.isprintable() else "?" for character in text)
    return kept.replace("<", "&lt;").replace("`", "'").replace("|", "/")
