"""JSON lines of anybody as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/jsonl/jsonl.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class Jsonl(CorpusBuilder):
    """What `hf_cner.load_corpus("jsonl")` gives."""

    CORPUS = "jsonl"


if __name__ == "__main__":
    main(["dataset", Jsonl.CORPUS, *sys.argv[1:]])
