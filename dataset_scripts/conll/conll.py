"""CoNLL files of anybody as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/conll/conll.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class Conll(CorpusBuilder):
    """What `hf_cner.load_corpus("conll")` gives."""

    CORPUS = "conll"


if __name__ == "__main__":
    main(["dataset", Conll.CORPUS, *sys.argv[1:]])
