"""Make the bundled sample corpus: invented records in the style of CCKS-2017, with exact offsets.

    python dataset_scripts/sample/make_sample.py [--output-dir hf_cner/data/sample] [--seed 2017] [--overwrite]

No word of it comes from a real record: conditions, phrases and variants stand in cases/*.yaml and phrases.yaml, and
patients are drawn with a seed. No sentence of six characters or more stands in two records, so a split by record
shares none between its parts.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]  # so that it runs from a clone, installed or not

from notation import parse  # noqa: E402
from patients import draw_patient  # noqa: E402
from sections import SECTIONS, Writer  # noqa: E402

from hf_cner.data.documents import Document, Span, write_jsonl  # noqa: E402

SEED = 2017
RECORDS = 68


def read_cases() -> list[dict[str, Any]]:
    """All cases, in the order of the file names and of each file."""
    files = sorted((HERE / "cases").glob("*.yaml"))
    return [case for path in files for case in yaml.safe_load(path.read_text(encoding="utf-8"))]


def make_documents(seed: int = SEED, records: int = RECORDS) -> list[Document]:
    """The corpus: four documents for each record, in the order of the records."""
    rng = random.Random(seed)
    phrases = yaml.safe_load((HERE / "phrases.yaml").read_text(encoding="utf-8"))
    cases = read_cases()
    drawn = [*cases, *rng.sample(cases, records - len(cases))]
    rng.shuffle(drawn)
    taken: set[str] = set()
    documents: list[Document] = []
    for number, case in enumerate(drawn, start=1):
        writer = Writer(draw_patient(case, phrases, rng), phrases, taken, rng)
        texts = writer.sections()
        writer.finish()
        record = f"S{number:03}"
        for name in SECTIONS:
            text, spans = parse(texts[name])
            documents.append(Document(text, tuple(Span(*span) for span in spans), id=f"{name}-{record}", record=record))
    return documents


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Write the invented sample corpus (sections.jsonl).")
    parser.add_argument("--output-dir", type=Path, default=ROOT / "hf_cner" / "data" / "sample")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--overwrite", action="store_true", help="replace sections.jsonl where it is there")
    options = parser.parse_args(arguments)
    path = options.output_dir / "sections.jsonl"
    if path.exists() and not options.overwrite:
        parser.error(f"{path} exists; name another folder, or replace it by --overwrite.")
    documents = make_documents(options.seed)
    write_jsonl(documents, path)
    mentions = Counter(span.type for document in documents for span in document.spans)
    print(f"{path}: {len(documents)} invented sections of {len({d.record for d in documents})} records")
    print(", ".join(f"{name} {number}" for name, number in mentions.items()))


if __name__ == "__main__":
    main()
