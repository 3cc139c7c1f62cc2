"""CCKS-2018 task 1 as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/ccks2018/ccks2018.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class Ccks2018(CorpusBuilder):
    """What `hf_cner.load_corpus("ccks2018")` gives."""

    CORPUS = "ccks2018"


if __name__ == "__main__":
    main(["dataset", Ccks2018.CORPUS, *sys.argv[1:]])
