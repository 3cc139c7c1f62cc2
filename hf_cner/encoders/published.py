"""A published encoder, from its folder or its name on the Hub to a model and a character tokenizer in memory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

from ..data.encoder_vocabulary import EncoderVocabulary
from ..data.tokenizer import character_tokenizer_from
from ..data.vocabulary import check_size, resolve_vocabulary
from .configuration import OURS, make_config, read_settings, take_padding_id, take_special_ids
from .fetch import local_folder
from .findings import Findings
from .load import characters_of, load_model
from .locate import SAFETENSORS, weight_files
from .model_type import model_type_of
from .trial import try_out
from .weights import read_weights


@dataclass(frozen=True)
class OpenEncoder:
    """A published encoder whose files were read and belong together; `load` makes the model of them.

    Attributes:
        folder: where the files lie.
        settings: the configuration as it was published.
        config: the same, as transformers has it.
        state: the weights by their published names, in float32.
        tokenizer: the character tokenizer with the encoder's ids.
        findings: what was found, and what became of it.
    """

    folder: Path
    settings: Mapping[str, object]
    config: PreTrainedConfig
    state: Mapping[str, Tensor]
    vocabulary: EncoderVocabulary
    tokenizer: PreTrainedTokenizerBase
    findings: Findings

    def load(self, auto: object = AutoModel) -> PreTrainedModel:
        """The model in float32; an Auto class with a head keeps the published head, `AutoModel` has none.

        Raises:
            ValueError: weights that are missing, of another shape or without a place, fewer rows than entries, or an
                encoder that cannot encode texts of any length (`trial.py`).
        """
        source = weight_files(self.folder).files[0].name
        model = load_model(auto, self.config, self.state, self.findings, source=source)
        if spare := check_size(self.vocabulary, characters_of(model).num_embeddings):
            self.findings.settings.append(spare)
        specials = self.vocabulary.specials.items()
        ids = {role.removesuffix("_token"): self.vocabulary.pieces[token] for role, token in specials}
        take_padding_id(model, ids["pad"], self.findings, given=self.settings.get("pad_token_id"))
        take_special_ids(model.config, ids, self.findings)
        if warning := try_out(model):
            self.findings.warnings.append(warning)
        return model


def is_ours(folder: Path) -> bool:
    """Whether a folder holds an encoder that this project trained (`CnerEncoderModel`), which AutoModel loads."""
    return read_settings(folder)[0].get("model_type") == OURS


def open_encoder(
    name_or_path: str | os.PathLike[str],
    *,
    model_type: str | None = None,
    source: str | None = None,
    setting: str = "model.encoder.name_or_path",
) -> OpenEncoder:
    """Read the files of a published encoder: a folder, or a name on the Hub that is cached or can be fetched.

    Args:
        name_or_path: a folder with a configuration, a vocabulary and weights (safetensors, or a pickle of tensors, in
            one file or several), or a name on the Hub.
        model_type: of the encoder, as `albert`, where its configuration does not say it or is wrong.
        source: what the encoder is called in what was found; by default as `name_or_path` says.
        setting: where the user wrote `name_or_path`, for sentences.

    Raises:
        ValueError: the encoder is not there or cannot be fetched, needs code, or its files are damaged or do not
            belong together.
    """
    folder = local_folder(name_or_path, setting=setting)
    settings, path = read_settings(folder)
    if settings.get("model_type") == OURS:
        raise ValueError(f"{folder} holds an encoder that hf-cner trained; it needs no import: name it as it is.")
    findings = Findings(source=os.fspath(source or name_or_path))
    files = weight_files(folder)
    state = read_weights(files, findings)
    findings.weights = f"{files} ({'safetensors' if files.kind == SAFETENSORS else 'a pickle, read as tensors alone'})"
    kind = findings.model_type = model_type_of(settings, state, source=path.name, chosen=model_type)
    if not settings.get("model_type"):
        findings.settings.append(f"{path.name} has no model_type; taken for {kind}")
    elif settings["model_type"] != kind:
        findings.settings.append(f"{path.name} says {settings['model_type']}; read as {kind}, as chosen")
    vocabulary = resolve_vocabulary(folder, model_type=kind)
    findings.vocabulary = f"{vocabulary.source.name} ({vocabulary.kind}, {len(vocabulary.pieces):,} entries)"
    findings.settings += vocabulary.findings
    return OpenEncoder(
        folder=folder,
        settings=settings,
        config=make_config(settings, kind, findings, source=path.name),
        state=state,
        vocabulary=vocabulary,
        tokenizer=character_tokenizer_from(vocabulary),
        findings=findings,
    )
