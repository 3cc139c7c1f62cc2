"""Literature on traditional Chinese medicine, five types, as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/tcm_literature5/tcm_literature5.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class TcmLiterature5(CorpusBuilder):
    """What `hf_cner.load_corpus("tcm-literature5")` gives."""

    CORPUS = "tcm-literature5"


if __name__ == "__main__":
    main(["dataset", TcmLiterature5.CORPUS, *sys.argv[1:]])
