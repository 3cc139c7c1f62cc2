"""The card of a data set: description, content, fingerprint and licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.registry import Entry
from ..data.shown import markdown_cell

if TYPE_CHECKING:
    from datasets import DatasetInfo

FEATURES = """\
| feature | type | what |
|---|---|---|
| `id` | string | name of the document |
| `record` | string | the patient's record that it belongs to, where the corpus has records: split by it |
| `text` | string | the unchanged text |
| `entities` | list of `start`, `end`, `type`, `text` | the mentions: `text[start:end]`, counted in code points |
"""
_OPEN = {"Apache-2.0": "apache-2.0", "MIT": "mit"}  # how our sentences begin -> the Hub's name of the licence
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def licence_id(sentence: str) -> str:
    """The Hub's name of a licence: `apache-2.0` or `mit`, and `other` for everything that is not open."""
    return next((name for beginning, name in _OPEN.items() if sentence.startswith(beginning)), "other")


def dataset_card(
    corpus: Entry,
    parts: Mapping[str, Sequence[Document]],
    info: DatasetInfo,
    *,
    left_out: int = 0,
) -> str:
    """The card of a corpus that was written as Parquet, with the metadata that `load_dataset` reads.

    Args:
        corpus: what the registry knows of it.
        parts: the documents of each split.
        info: as the builder left it, with the sizes of the splits; `download_size` is that of the files.
        left_out: number of faulty items that were not read.
    """
    everything = [document for documents in parts.values() for document in documents]
    sections = [
        f"---\n{_metadata(corpus, info, len(everything))}\n---",
        f"# {corpus.name}\n\n{corpus.description}",
        f"Fingerprint of texts and entities, whatever the file format: `{fingerprint(everything)}`",
        "```python\nfrom datasets import load_dataset\n\n"
        'corpus = load_dataset("path/or/name/of/this/folder")  # also with streaming=True\n```',
        f"## Features\n\n{FEATURES}",
        f"## Splits\n\n{_splits(parts)}",
        f"## Mentions\n\n{_mentions(parts, corpus.entity_types)}",
        "## How it was made\n\n" + _making(left_out),
        f"## Licence\n\n{_licence(corpus.licence)}",
        f"## Citation\n\n{_citation(corpus.citation)}",
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _metadata(corpus: Entry, info: DatasetInfo, documents: int) -> str:
    from datasets.info import DatasetInfosDict
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(
        language=["zh"],
        license=licence_id(corpus.licence),
        pretty_name=corpus.name,
        tags=["medical", "clinical", "named-entity-recognition", "hf-cner"],
        task_categories=["token-classification"],
        task_ids=["named-entity-recognition"],
        size_categories=[next((name for limit, name in _SIZES if documents < limit), "n>1M")],
    )
    DatasetInfosDict({"default": info}).to_dataset_card_data(data)
    files = [{"split": split, "path": f"data/{split}-*"} for split in info.splits]
    MetadataConfigs({"default": {"data_files": files}}).to_dataset_card_data(data)
    return str(data)


def _splits(parts: Mapping[str, Sequence[Document]]) -> str:
    rows = ["| split | documents | records | characters | mentions | fingerprint |", "|---|---:|---:|---:|---:|---|"]
    for split, documents in parts.items():
        records = len({document.record for document in documents if document.record})
        characters = sum(len(document.text) for document in documents)
        mentions = sum(len(document.spans) for document in documents)
        numbers = f"{len(documents):,} | {records or '–'} | {characters:,} | {mentions:,}"
        rows.append(f"| {split} | {numbers} | `{fingerprint(documents)}` |")
    return "\n".join(rows)


def _mentions(parts: Mapping[str, Sequence[Document]], types: Sequence[str]) -> str:
    counts = {s: Counter(span.type for d in documents for span in d.spans) for s, documents in parts.items()}
    found = sorted({name for count in counts.values() for name in count} - set(types))
    rows = ["| type | " + " | ".join(counts) + " |", "|---|" + "---:|" * len(counts)]
    for name in (*types, *found):
        rows.append(f"| {markdown_cell(name)} | " + " | ".join(f"{count[name]:,}" for count in counts.values()) + " |")
    return "\n".join(rows)


def _making(left_out: int) -> str:
    from .. import __version__

    faults = "nothing was left out"
    if left_out:
        faults = f"{left_out} faulty place{'s were' if left_out > 1 else ' was'} left out (`--on-error skip`)"
    return (
        f"Written by hf_cner {__version__} from the files as they were published; texts are unchanged, and {faults}. "
        "The splits are the published ones; draw others by record, so that no patient is on both sides."
    )


def _licence(sentence: str) -> str:
    if licence_id(sentence) != "other":
        return sentence
    return f"{sentence}\n\nThis copy gives nobody a right that the publisher did not give: keep it private."


def _citation(citation: str) -> str:
    return f"```bibtex\n{citation.strip()}\n```" if citation else "Cite the data as its publisher asks for."
