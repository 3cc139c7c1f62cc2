"""CCKS-2019 task 1 (Yidu-S4K) as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/ccks2019/ccks2019.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class Ccks2019(CorpusBuilder):
    """What `hf_cner.load_corpus("ccks2019")` gives."""

    CORPUS = "ccks2019"


if __name__ == "__main__":
    main(["dataset", Ccks2019.CORPUS, *sys.argv[1:]])
