"""Settings of a pretraining run, by section, with their defaults, and which of them exclude each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator

from .denied import check_config, check_denied
from .section import Arguments, Count, Plain, Rate, Section, Seed, Texts
from .training import CorpusReading


class EncoderSource(Section):
    """A checkpoint, or a configuration with model_type and sizes."""

    name_or_path: str | None = None
    model_type: str | None = None
    """Of a checkpoint that does not name it; without a checkpoint, `config` names it."""
    config: dict[str, JsonValue] | None = None
    """`model_type` and further keys of its configuration; for the objective bilm, options of an encoder of kind elmo.
    """
    tokenizer: str | None = None
    """Without a checkpoint: a folder with a tokenizer; by default the texts' characters."""
    lower_case: bool = True
    min_count: Count | None = 1

    @field_validator("config")
    @classmethod
    def _names_no_code(cls, config: Plain | None) -> Plain | None:
        check_config(config, "encoder.config")
        return config


class PretrainingData(CorpusReading):
    """The texts, and which of them are held out."""

    files: Texts = Field(default=[])
    corpus: str | None = None
    data_dir: str | None = None
    unit: str = "auto"
    exclude: Texts = Field(default=[])
    """Files or CORPUS=DIR that are held out for the test."""
    overlap: Literal["refuse", "drop", "allow"] = "refuse"
    held_out: Annotated[float, Field(ge=0)] = 0.05
    """Share of the records whose perplexity is reported."""
    on_error: Literal["stop", "skip"] = "stop"
    max_unknown: Rate = 0.2
    """Largest share of the texts' characters that are not in the vocabulary."""

    @field_validator("held_out")
    @classmethod
    def _leaves_something(cls, share: float) -> float:
        if share >= 1:
            raise ValueError(f"data.held_out is {share}; it is a share from 0 to below 1.")
        return share


ObjectiveName = Literal["mlm", "bilm", "plm"]
"""Each is the name of a module in `pretraining`."""


class PretrainingSettings(Section):
    """Every setting of a pretraining run."""

    objective: ObjectiveName = "mlm"
    """Masked language model; or bilm, the language model under ELMo; or plm, XLNet's permutations."""
    encoder: EncoderSource = EncoderSource()
    max_length: Annotated[int, Field(ge=1)] = 256
    """Characters of a window, or of a pair."""
    masking: Literal["random", "entity"] = "random"
    mask_rate: Rate = 0.15
    """Share of the characters that are predicted."""
    entity_rate: Rate = 1.0
    """Probability with which an entity may be hidden."""
    top_up: bool = True
    """Also hide random characters if there are too few entities."""
    entities: Literal["lexicon", "mentions", "gold", "model"] | None = None
    """By default lexicon or model, if one of them is given, else gold."""
    lexicon: str | None = None
    """A list of words."""
    entity_model: str | None = None
    """A trained model, whose predictions are the entities."""
    next_sentence: bool = False
    data: PretrainingData = PretrainingData()
    training: Arguments = Field(default={})
    """Fields of TrainingArguments; those that publish, or hold a secret, cannot be set here."""
    seed: Seed = 42
    output_dir: str | None = None

    @field_validator("max_length")
    @classmethod
    def _holds_two(cls, length: int) -> int:
        if length < 2:
            raise ValueError(f"max_length is {length}; a window needs at least 2 characters.")
        return length

    @field_validator("training")
    @classmethod
    def _decides_nothing_beyond_the_run(cls, training: Plain) -> Plain:
        check_denied(training)
        return training


def complete(given: Mapping[str, object] | PretrainingSettings) -> PretrainingSettings:
    """The settings with every default, and with the source of the entities if the other settings decide it.

    Raises:
        ValueError: an unknown setting (with the nearest name), an impossible value, or settings that contradict each
            other.
    """
    settings = given if isinstance(given, PretrainingSettings) else PretrainingSettings.of(given)
    if not settings.output_dir:
        raise ValueError("The settings need output_dir, the folder for the encoder.")
    encoder = settings.encoder
    if encoder.name_or_path and (encoder.config or encoder.tokenizer):
        raise ValueError("encoder.name_or_path brings its configuration and tokenizer; leave encoder.config and "
                         "encoder.tokenizer out, or name no checkpoint.")  # fmt: skip
    if encoder.model_type and not encoder.name_or_path:
        raise ValueError(
            "encoder.model_type is for a checkpoint, and encoder.name_or_path is empty; set encoder.config.model_type."
        )
    if settings.objective != "mlm" and (settings.next_sentence or settings.masking != "random"):
        raise ValueError(
            f"The objective {settings.objective} hides no entities and knows no pairs; leave masking and "
            "next_sentence out."
        )
    _refuse_what_would_not_be_read(settings)
    return _with_entities(settings)


def _refuse_what_would_not_be_read(settings: PretrainingSettings) -> None:
    encoder, default = settings.encoder, PretrainingSettings()
    own = "the tokenizer that was given" if encoder.tokenizer or encoder.name_or_path else None
    bilm = "the objective bilm" if settings.objective == "bilm" else None
    random = "random masking" if settings.masking != "entity" else None
    unread = (
        ("encoder.lower_case", own, encoder.lower_case, default.encoder.lower_case),
        ("encoder.min_count", own, encoder.min_count, default.encoder.min_count),
        ("mask_rate", bilm, settings.mask_rate, default.mask_rate),
        ("entity_rate", random, settings.entity_rate, default.entity_rate),
        ("top_up", random, settings.top_up, default.top_up),
    )
    for name, reason, value, usual in unread:
        if reason and value != usual:
            raise ValueError(f"{name} is {value!r}, which {reason} makes no use of; leave it out.")


def _with_entities(settings: PretrainingSettings) -> PretrainingSettings:
    """The settings with the source of the entities; an unused lexicon or model is an error."""
    sources = {"lexicon": ("lexicon", settings.lexicon), "entity_model": ("model", settings.entity_model)}
    for name, value in {"entities": settings.entities, **{key: file for key, (_, file) in sources.items()}}.items():
        if value and settings.masking != "entity":
            raise ValueError(f"{name} is given, but masking is {settings.masking!r}; set masking to entity.")
    given = [source for source, file in sources.values() if file]
    if settings.entities is None and len(given) == 1:
        settings = settings.model_copy(update={"entities": given[0]})
    for name, (source, file) in sources.items():
        if settings.entities == source and not file:
            raise ValueError(f"entities is {source!r}, which needs the setting {name}.")
        if file and settings.entities != source:
            raise ValueError(
                f"{name} is given, but entities are those of {settings.entities or 'another source'}; set entities "
                f"to {source}, or leave {name} out."
            )
    return settings
