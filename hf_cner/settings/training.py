"""Settings of a training run, by section, with their defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import (
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from .denied import check_config, check_denied
from .merging import SLOTS
from .section import Arguments, Count, Part, Plain, Probability, Rate, Section, Seed

"""The sections of `model` that are slots, in the order in which a text goes through them."""


class Slot(Section):
    """A replaceable part of a model: `kind` and options, which are checked where its class is imported."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue] = Field(init=False)  # the type of the options

    kind: str

    @property
    def options(self) -> Plain:
        """The given options, without the kind."""
        return {name: value for name, value in self.given().items() if name != "kind"}

    @model_serializer(mode="wrap")
    def _only_what_was_given(self, handler: SerializerFunctionWrapHandler) -> Plain:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class EncoderSlot(Slot):
    """The slot `encoder`, with the options that decide what is built from the training texts."""

    name_or_path: str | None = None
    """A checkpoint that the encoder comes from: a folder, or a name on the Hub."""
    config: dict[str, JsonValue] | None = None
    """`model_type` and further keys, from which a pretrained encoder without weights is made."""
    model_type: str | None = None
    """Of a checkpoint that does not name it."""
    vocab_size: int | None = None
    embedding_size: int | None = None
    bigram_vocab_size: int | None = None
    bigram_size: int | None = None
    word_size: int | None = None

    @field_validator("config")
    @classmethod
    def _names_no_code(cls, config: Plain | None) -> Plain | None:
        check_config(config, "model.encoder.config")
        return config

    def own(self) -> Plain:
        """The slot for the model's configuration: without the checkpoint, and without sizes that are null."""
        left_out = {"name_or_path", "model_type"}
        left_out |= {name for name in type(self).model_fields if getattr(self, name) is None}
        return {name: value for name, value in self.given().items() if name not in left_out}


class Windows(Section):
    """How texts are cut; lengths in characters."""

    policy: Literal["sentence", "stride"] = "sentence"
    max_length: Count = 256
    overlap: int = Field(default=64, ge=0)
    sentence_ends: str = "。"
    merge: bool = True


class ModelSettings(Section):
    """The slots of the model, and the options between them."""

    encoder: EncoderSlot = EncoderSlot(kind="static")
    context: Slot = Slot(kind="none")
    attention: Slot = Slot(kind="none")
    interaction: Slot | None = None
    """`{kind: separate}` or `{kind: joint}` makes it a question-answering model, with one query per type."""
    queries: str | dict[str, str] | None = None
    """The questions of such a model: null for those of the corpus, a YAML file, or a mapping of type to question."""
    span_decoder: Slot = Slot.of({"kind": "crf", "scheme": "BIOES"})
    dropout: Probability = 0.1
    """Between encoder and context."""
    windows: Windows = Windows()

    @field_validator("queries", mode="before")
    @classmethod
    def _file_or_mapping(cls, value: object) -> object:
        questions = value.values() if isinstance(value, dict) else [value]
        if value is not None and not all(isinstance(question, str) for question in questions):
            raise ValueError(
                f"model.queries is {value!r}; give a YAML file, a mapping of type to question, or null (and put a bare "
                "number in quotes)."
            )
        return value

    def slot(self, name: str) -> Slot | None:
        """One of `SLOTS` by its name; None if the model has no interaction."""
        found: Slot | None = getattr(self, name)
        return found

    def slots(self) -> dict[str, Slot]:
        """The slots of the model, by name."""
        return {name: slot for name in SLOTS if (slot := self.slot(name)) is not None}


class TokenizerSettings(Section):
    """For static encoders only; a pretrained encoder has its own vocabulary."""

    lower_case: bool = True
    min_count: Count = 1


class Vectors(Section):
    """word2vec text files for a static encoder."""

    path: str | None = None
    bigram_path: str | None = None


class LexiconSettings(Section):
    """The words of a lattice encoder, from all these sources together."""

    from_training: bool = True
    """The different mentions of the training part; like all words they are stored in the model."""
    path: str | None = None
    """A list, one word per line."""
    vectors: str | None = None
    """A word2vec text file: its words, and their vectors."""
    min_length: int | None = 2
    max_length: int | None = 16
    """Longer words are left out."""


class Split(Section):
    """By record; the seed is the split's own."""

    ratios: list[Part] | None = Field(default_factory=lambda: list[float]((8, 2)))
    folds: int | None = Field(default=None, ge=2)
    join_dev: bool = False
    """Train on dev too, and keep the last epoch (P3's protocol)."""
    seed: Seed | None = 42

    @property
    def shares(self) -> str:
        """The shares in words: `8:2`, or `5 folds`."""
        return f"{self.folds} folds" if self.folds else ":".join(f"{share:g}" for share in self.ratios or [1])


class CorpusReading(Section):
    """How the files of a corpus are read."""

    input_scheme: str | None = None
    """Of CoNLL files: the scheme of their tags, BIO (IOB2), IOB1, BIOE, BIOES (BMES, BILOU); null detects it."""
    input_separator: str | None = None
    """Of CoNLL files: space, tab, comma, or the character itself; null detects it."""
    input_column: int | None = None
    """Of CoNLL files with several columns: the column of the tag, from 2, or -1 for the last."""
    reading: dict[str, str] = Field(default={})
    """More options of the corpus's or format's reader: `hf-cner corpora NAME` lists them."""

    @property
    def told(self) -> dict[str, object]:
        """The options of reading, as `read_corpus` takes them."""
        named = {"scheme": self.input_scheme, "separator": self.input_separator, "column": self.input_column}
        return {**named, **self.reading}


class DataSettings(CorpusReading):
    """The corpus, and how it is split."""

    corpus: str | None = None
    data_dir: str | None = None
    split: Split = Split()
    on_error: Literal["stop", "skip"] = "stop"
    max_unknown: Rate = 0.2
    """Largest share of the training texts' characters that are not in the vocabulary; above it, training is refused."""


class TrainSettings(Section):
    """Every setting of a training run."""

    preset: str | None = None
    model: ModelSettings = ModelSettings()
    tokenizer: TokenizerSettings = TokenizerSettings()
    vectors: Vectors = Vectors()
    lexicon: LexiconSettings = LexiconSettings()
    training: Arguments = Field(default={})
    """Fields of CnerTrainingArguments; those that publish, or hold a secret, cannot be set here."""
    data: DataSettings = DataSettings()
    seed: Seed | None = 42
    """Of the initialisation, the order of the batches and dropout."""
    output_dir: str | None = None

    @field_validator("training")
    @classmethod
    def _decides_nothing_beyond_the_run(cls, training: Plain) -> Plain:
        check_denied(training)
        return training

    def with_queries(self, queries: dict[str, str] | None) -> TrainSettings:
        """The settings with the texts of the questions; unchanged without questions."""
        if queries is None:
            return self
        return self.model_copy(update={"model": self.model.model_copy(update={"queries": queries})})

    def with_training(self, arguments: Mapping[str, JsonValue]) -> TrainSettings:
        """The settings with some training arguments changed."""
        return self.model_copy(update={"training": {**self.training, **arguments}})

    def at(self, output_dir: str | None) -> TrainSettings:
        """The settings for another folder."""
        return self.model_copy(update={"output_dir": output_dir})


def output_dir_of(settings: TrainSettings) -> str:
    """The folder of a run; ValueError where the settings name none."""
    if not settings.output_dir:
        raise ValueError("The settings need output_dir, the folder for the model.")
    return settings.output_dir


def corpus_of(settings: TrainSettings) -> str:
    """The corpus of a run; ValueError where the settings name none."""
    if not settings.data.corpus:
        raise ValueError("The settings need data.corpus, the corpus to learn from.")
    return settings.data.corpus
