"""The bundled, invented sample corpus as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/sample/sample.py --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class Sample(CorpusBuilder):
    """What `hf_cner.load_corpus("sample")` gives."""

    CORPUS = "sample"


if __name__ == "__main__":
    main(["dataset", Sample.CORPUS, *sys.argv[1:]])
