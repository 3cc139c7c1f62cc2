"""Encoders and static vectors that the rows of a table need: found, or made on the spot from unlabelled text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..data.documents import Document, write_jsonl
from ..data.leakage import leaking
from ..data.lexicon import mentions_of
from ..data.texts import read_texts
from ..data.writing import atomic_write
from ..encoders.configuration import read_settings
from ..encoders.fetch import local_folder
from ..runs.inputs import OF_PRETRAINING, by_content, path_fingerprint
from ..settings.merging import merge
from ..settings.pretraining import PretrainingSettings
from ..settings.reading import parse_assignments
from ..settings.resolve import resolve_settings
from .plan import NotRun, Request, Say, row_settings
from .protocol import Protocol
from .tables import Row, small_scale

ENOUGH = 200  # texts, of which some may be held out to measure an encoder


class Workshop:
    """Finds or makes what rows need, each thing once.

    Encoders and vectors are made from the texts of the training part (as P2 does) and from the unlabelled texts that
    are not in a held-out part. They are written to `encoders` in the output folder, under a name that depends on the
    texts and the settings.

    Attributes:
        left_out: how many unlabelled texts were left out because they hold a text of test or dev.
        made: what was made, by its name, for the report.
    """

    def __init__(self, request: Request, protocol: Protocol, say: Say) -> None:
        self.request, self.protocol, self.say = request, protocol, say
        self.folder = request.output_dir / "encoders"
        self.left_out, self.made = 0, dict[str, str]()
        self._texts: list[Document] | None = None

    def check(self) -> None:
        """Read what was given before anything is trained.

        Raises:
            ValueError: an encoder that was named is not there, or a text cannot be read.
        """
        for key, name in self.request.encoders.items():
            read_settings(local_folder(name, setting=f"--encoder {key}"))
        vectors = self.request.vectors
        if vectors not in (None, "none") and not Path(vectors).is_file():
            raise ValueError(f"--vectors {vectors}: there is no such file; give a word2vec file, or none.")
        if self.request.unlabelled:
            self.texts()

    def encoder(self, row: Row) -> str | None:
        """Folder or name of a row's encoder; None for a row without.

        Raises:
            NotRun: it cannot be found here; the reason says what to do.
        """
        if row.encoder is None:
            return None
        given = self.request.encoders.get(row.encoder)
        if given is not None:
            return given
        if row.encoder == "elmo":
            return self._elmo()
        if self.request.is_small(row):
            return self._small(row)
        if row.encoder == "further-bert":
            return self._further(row)
        return self._published(row, row.encoder)

    def vectors(self, row: Row) -> str | None:
        """File of static vectors for a row without a pretrained encoder; None to begin at random."""
        if row.encoder is not None or self.request.vectors == "none":
            return None
        if self.request.vectors is not None:
            return self.request.vectors
        settings = row_settings(self.request, row, self.request.seed, {}, encoder=None, vectors=None)
        size = settings.model.encoder.embedding_size
        return None if not self.request.unlabelled or size is None else self._make_vectors(size)

    def _published(self, row: Row, key: str) -> str:
        name = str(resolve_settings(row.preset).model.encoder.name_or_path)
        try:
            local_folder(name)
        except ValueError as error:
            raise NotRun(
                f"it needs the encoder {name}, which is not on this machine and could not be fetched; give "
                f"--encoder {key}=FOLDER, or --scale small with --unlabelled FILE"
            ) from error
        return name

    def _small(self, row: Row) -> str:
        if row.plain:
            raise NotRun(
                "it needs an encoder that has not seen clinical text, and a small one is made of nothing else; give "
                f"--encoder {row.encoder}=FOLDER"
            )
        scale = small_scale()
        return self._pretrain(str(row.encoder), merge(scale.pretraining, scale.encoders[str(row.encoder)]))

    def _further(self, row: Row) -> str:
        """P2's recipe: BERT, pretrained further with random masking and next-sentence prediction."""
        if not self.request.unlabelled:
            raise NotRun(
                "it needs BERT pretrained further on clinical text; give --encoder further-bert=FOLDER, or the text as "
                "--unlabelled FILE"
            )
        start = {"name_or_path": self.request.encoders.get("bert") or self._published(row, "further-bert")}
        training = {"num_train_epochs": 3, "per_device_train_batch_size": 16, "learning_rate": 5e-5}  # P2 gives none
        about = {"encoder": start, "masking": "random", "next_sentence": True, "training": training}
        return self._pretrain("further-bert", about)

    def _elmo(self) -> str:
        if not self.request.unlabelled:
            raise NotRun(
                "it needs an ELMo, a bidirectional language model of characters; give --encoder elmo=FOLDER, or "
                "text to train it on as --unlabelled FILE"
            )
        # Recurrent layers learn little at BERT's rate, and are slow with small batches.
        training = {"learning_rate": 4e-3, "per_device_train_batch_size": 32}
        about = {"objective": "bilm", "encoder": {"config": {}}, "training": training}
        return self._pretrain("elmo", merge(small_scale().pretraining, about))

    def _pretrain(self, key: str, about: dict[str, Any]) -> str:
        """Folder of an encoder that is pretrained here, with the settings `about`, once."""
        from ..pretraining.run import pretrain
        from ..runs.folder import RunFolder

        texts = self.texts()
        given = {"objective": "mlm", "masking": "random", "seed": self.request.seed, **about}
        given["data"] = {"held_out": 0.05 if len(texts) >= ENOUGH else 0.0}
        settings = merge(given, parse_assignments(self.request.pretraining))
        asked = PretrainingSettings.of(settings)
        words = mentions_of(self.protocol.parts["train"]) if self._hides_mentions(asked) else []
        known = by_content(settings, OF_PRETRAINING)
        folder = self.folder / f"{key}-{_hash([known, words, *(document.text for document in texts)])}"
        characters = sum(len(document.text) for document in texts)
        self.made[key] = f"{asked.objective} on {characters:,} characters, in {self.folder.name}/{folder.name}"
        source = folder.with_suffix(".jsonl")
        if not source.is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            write_jsonl(texts, source)
        if words:
            lexicon = folder.with_suffix(".lexicon.txt")
            with atomic_write(lexicon) as stream:
                stream.write("\n".join(words) + "\n")
            settings["lexicon"] = str(lexicon)
        done = "read from" if RunFolder(folder).finished() else f"pretraining on {len(texts):,} texts in"
        self.say(f"  {key}: {done} {folder}")
        pretrain(merge(settings, {"data": {"files": [str(source)]}, "output_dir": str(folder)}), resume=True)
        return str(folder)

    @staticmethod
    def _hides_mentions(settings: PretrainingSettings) -> bool:
        """Whether the training part's entities are hidden, because no others are given."""
        given = settings.lexicon or settings.entities or settings.entity_model
        return settings.masking == "entity" and not given

    def _make_vectors(self, size: int) -> str:
        from ..pretraining.vectors import train_vectors

        texts = self.texts()
        seed = self.request.seed
        path = self.folder / f"characters-{size}-{_hash([size, seed, *(document.text for document in texts)])}.txt"
        self.made[f"vectors of size {size}"] = (
            f"word2vec on {sum(len(d.text) for d in texts):,} characters, in {self.folder.name}/{path.name}"
        )
        if not path.is_file():
            self.say(f"  training vectors of size {size} on {len(texts):,} texts")
            self.folder.mkdir(parents=True, exist_ok=True)
            train_vectors((document.text for document in texts), path, size=size, seed=seed)
        return str(path)

    def about(self) -> dict[str, object]:
        """For the report: the texts, vectors and settings that were given."""
        made_from = _hash([document.text for document in self.texts()]) if self.request.unlabelled else None
        vectors = self.request.vectors and path_fingerprint(self.request.vectors)
        return {"text": made_from, "vectors": vectors, "pretraining": list(self.request.pretraining)}

    def texts(self) -> list[Document]:
        """The unlabelled texts that may be read, then those of the training part."""
        if self._texts is None:
            unlabelled = read_texts(self.request.unlabelled)
            held_out = [d for name, part in self.protocol.parts.items() if name != "train" for d in part]
            found = set(leaking(unlabelled, held_out))
            self.left_out = len(found)
            kept = [document for number, document in enumerate(unlabelled) if number not in found]
            self._texts = [replace(d, spans=()) for d in [*kept, *self.protocol.parts["train"]]]
            self.say(f"  unlabelled: {len(kept):,} texts; {len(found):,} left out, which hold texts of test or dev")
        return self._texts


def _hash(values: Sequence[object]) -> str:
    digest = hashlib.sha256()
    for value in values:
        digest.update(
            json.dumps(value, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "surrogatepass")
        )
        digest.update(b"\n")
    return digest.hexdigest()[:10]
