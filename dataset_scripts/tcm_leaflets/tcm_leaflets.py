"""Package leaflets of traditional Chinese drugs as Parquet with a card, for `datasets.load_dataset`.

Run `python dataset_scripts/tcm_leaflets/tcm_leaflets.py --data-dir RAW --out DIR [--push-to-hub ORG/NAME]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # so that it runs from a clone, installed or not

from hf_cner.cli.main import main
from hf_cner.hub.dataset import CorpusBuilder


class TcmLeaflets(CorpusBuilder):
    """What `hf_cner.load_corpus("tcm-leaflets")` gives."""

    CORPUS = "tcm-leaflets"


if __name__ == "__main__":
    main(["dataset", TcmLeaflets.CORPUS, *sys.argv[1:]])
