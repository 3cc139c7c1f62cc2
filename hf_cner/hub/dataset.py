"""Corpora as builders of the library `datasets`, and a folder of Parquet with a card, which `load_dataset` reads."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import datasets

from ..data.corpora import read_splits
from ..data.documents import Document
from ..data.folders import new_folder
from ..data.load import corpus_info, dataset_row
from ..data.problems import Problems
from ..data.registry import entry
from .dataset_card import dataset_card


@dataclass
class CorpusConfig(datasets.BuilderConfig):
    """`data_dir` is the folder as it was published; `corpus` and `on_error` as in `read_corpus`."""

    corpus: str = ""
    on_error: str = "stop"


class CorpusBuilder(datasets.GeneratorBasedBuilder):
    """Builds the data set of the corpus that `CORPUS`, or else the configuration, names: what `load_corpus` gives."""

    CORPUS = ""
    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = CorpusConfig

    parts: dict[str, list[Document]]
    """The documents that were read, by split; an empty split is left out."""
    problems: Problems
    """What was left out of them."""

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.CORPUS or self.config.corpus

    def _info(self) -> datasets.DatasetInfo:
        return corpus_info(self.corpus)

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        self.problems = Problems(self.config.on_error)
        self.parts = read_splits(self.corpus, self.config.data_dir, problems=self.problems)
        return [datasets.SplitGenerator(name=name, gen_kwargs={"split": name}) for name in self.parts]

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, Any]]]:
        yield from enumerate(map(dataset_row, self.parts[split]))


def write_dataset(
    corpus: str,
    out: str | os.PathLike[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
    on_error: str = "stop",
    overwrite: bool = False,
) -> CorpusBuilder:
    """Write a corpus as `data/<split>-00000-of-00001.parquet` and a card (`README.md`): both, or nothing.

    `load_dataset(out)` reads the folder. Nothing stays in the caches of `datasets`.

    Raises:
        DataError: a folder of another corpus, faults in it, or an `out` that may not be replaced.
    """
    with new_folder(out, writes=_written_here, overwrite=overwrite, inputs=(data_dir,)) as folder:
        cache = folder.with_name("cache")
        place = None if data_dir is None else str(data_dir)
        builder = CorpusBuilder(cache_dir=str(cache), data_dir=place, corpus=corpus, on_error=on_error)
        builder.download_and_prepare()
        (folder / "data").mkdir()
        for split in builder.parts:
            builder.as_dataset(split=split).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
        files = sorted((folder / "data").iterdir())
        info = builder.info.copy()
        info.download_size = sum(path.stat().st_size for path in files)
        card = dataset_card(entry(corpus), builder.parts, info, left_out=builder.problems.count)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return builder


def _written_here(name: PurePosixPath) -> bool:
    return str(name) == "README.md" or (name.parent == PurePosixPath("data") and name.suffix == ".parquet")
