"""Corpora as builders of the library `datasets`, and the command behind every script in `dataset_scripts`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import datasets

from .corpora import read_splits
from .dataset_card import dataset_card, licence_id
from .documents import Document
from .folders import new_folder
from .load import corpus_info, dataset_row
from .problems import DataError, Problems
from .registry import entry
from .shown import clipped, printable
from .upload import private_hub_without_xet, upload_folder


@dataclass
class CorpusConfig(datasets.BuilderConfig):
    """`data_dir` is the folder as it was published; `on_error` as in `read_corpus`."""

    on_error: str = "stop"


class CorpusBuilder(datasets.GeneratorBasedBuilder):
    """Builds the data set of the corpus that `CORPUS` names: what `load_corpus` gives, on disk."""

    CORPUS = ""
    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = CorpusConfig

    parts: dict[str, list[Document]]
    """The documents that were read, by split; an empty split is left out."""
    problems: Problems
    """What was left out of them."""

    def _info(self) -> datasets.DatasetInfo:
        return corpus_info(self.CORPUS)

    def _split_generators(self, dl_manager: object) -> list[datasets.SplitGenerator]:
        self.problems = Problems(self.config.on_error)
        self.parts = read_splits(self.CORPUS, self.config.data_dir, problems=self.problems)
        return [datasets.SplitGenerator(name=name, gen_kwargs={"split": name}) for name in self.parts]

    def _generate_examples(self, split: str) -> Iterator[tuple[int, dict[str, object]]]:
        yield from enumerate(map(dataset_row, self.parts[split]))


def write_dataset(
    builder_class: type[CorpusBuilder],
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
        builder = builder_class(cache_dir=str(cache), data_dir=place, on_error=on_error)
        builder.download_and_prepare()
        (folder / "data").mkdir()
        for split in builder.parts:
            builder.as_dataset(split=split).to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
        files = sorted((folder / "data").iterdir())
        info = builder.info.copy()
        info.download_size = sum(path.stat().st_size for path in files)
        card = dataset_card(entry(builder.CORPUS), builder.parts, info, left_out=builder.problems.count)
        (folder / "README.md").write_text(card, encoding="utf-8")
    return builder


def main(builder_class: type[CorpusBuilder], arguments: Sequence[str] | None = None) -> None:
    """The command line of a script; bad input ends it with one sentence and exit code 2."""
    corpus = entry(builder_class.CORPUS)
    parser = argparse.ArgumentParser(description=f"{corpus.description} Writes it as Parquet with a card.")
    needs_data = corpus.name != "sample"
    if needs_data:
        parser.add_argument("--data-dir", required=True, type=Path, help=f"its folder: {corpus.layout}")
    parser.add_argument("--out", required=True, type=Path, help="folder to be written")
    parser.add_argument("--overwrite", action="store_true", help="replace an earlier result, here and on the Hub")
    parser.add_argument("--on-error", choices=("stop", "skip"), default="stop", help="at a fault in the files")
    parser.add_argument("--push-to-hub", metavar="ORG/NAME", help="also upload it, as a private data set")
    parser.add_argument("--public", action="store_true", help="make it public; only where the licence is open")
    parser.add_argument("--token", help="of the Hub; default: HF_TOKEN, or what `hf auth login` saved")
    options = parser.parse_args(arguments)
    try:
        _run(builder_class, options, options.data_dir if needs_data else None)
    except (ValueError, OSError) as error:
        print(f"error: {clipped(' '.join(str(error).split()), 2000)}", file=sys.stderr)
        sys.exit(2)


def _run(builder_class: type[CorpusBuilder], options: argparse.Namespace, data_dir: Path | None) -> None:
    corpus = entry(builder_class.CORPUS)
    if options.public and licence_id(corpus.licence) == "other":
        raise DataError(
            f"{corpus.name} has no open licence ({corpus.licence.rstrip('.')}), so it is uploaded as a private data "
            "set only; leave out --public."
        )
    private_hub_without_xet()
    datasets.disable_progress_bars()
    builder = write_dataset(
        builder_class, options.out, data_dir=data_dir, on_error=options.on_error, overwrite=options.overwrite
    )
    if builder.problems.items:
        print(builder.problems.summary(), file=sys.stderr)
    counts = ", ".join(f"{split} {len(documents):,}" for split, documents in builder.parts.items())
    print(printable(f"{options.out}: {counts} documents"))
    if options.push_to_hub:
        address = upload_folder(
            options.out,
            options.push_to_hub,
            repo_type="dataset",
            private=not options.public,
            token=options.token,
            overwrite=options.overwrite,
            message=f"{corpus.name}, written by hf_cner",
        )
        print(printable(address))


def _written_here(name: PurePosixPath) -> bool:
    return str(name) == "README.md" or (name.parent == PurePosixPath("data") and name.suffix == ".parquet")
