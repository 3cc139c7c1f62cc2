"""The parts of a corpus: for training, for the choice of the epoch, and for the report."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.documents import Document
from ..data.fingerprint import fingerprint
from ..data.splits import join, name_of, split_by_record, split_hash
from ..settings.training import Split

Parts = dict[str, list[Document]]
DEV_SHARE = (9, 1)  # of the training records, when a fold is the test part


def parts_of(documents: Sequence[Document], split: Split) -> Parts:
    """The parts that `data.split` asks for, by name: train, and with two ratios dev, with three test and dev."""
    ratios = split.ratios
    if not ratios or len(ratios) == 1:
        return {"train": list(documents)}
    names = {2: ("train", "dev"), 3: ("train", "test", "dev")}.get(len(ratios))
    if split.join_dev and len(ratios) == 2:
        raise ValueError(
            f"data.split.join_dev joins dev to train, and the ratios {list(ratios)} then leave nothing for the test; "
            "give three (train, test, dev)."
        )
    if names is None:
        raise ValueError(f"data.split.ratios is {list(ratios)}; give two (train, dev) or three (train, test, dev).")
    parts = dict(zip(names, split_by_record(documents, ratios, split.seed or 0), strict=True))
    if split.join_dev:  # as P3 does; no epoch can be chosen then, and the last one stays
        parts["train"] = join([parts["train"], parts.pop("dev")])
    return parts


def split_of(parts: Parts) -> dict[str, str | list[str]]:
    """The content of `split.json`: names of documents by part, and a fingerprint of texts and gold."""
    names = {name: [name_of(document) for document in part] for name, part in parts.items()}
    return {"hash": split_hash(list(parts.values())), "fingerprint": fingerprint(join(parts.values())), **names}
