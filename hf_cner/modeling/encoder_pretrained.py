"""Any encoder that `AutoModel` can build from its configuration."""

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput
from transformers.utils import logging

from .character_encoder import Encoder
from .packed_attention import Packed, fault_of, pack, packable, runs_on
from .weight_files import HUB_SECONDS, check_weights

logger = logging.get_logger(__name__)

POSITION_TABLES = {"position_embeddings", "embed_positions", "wpe"}


class PretrainedEncoder(Encoder):
    """A transformer encoder, built from its configuration without weights; the caller loads them.

    Args:
        config: the encoder's configuration as a dict with `model_type`, as `config.to_dict()` gives it.
        layers: "last", the only choice: which layers' output leaves.
        packing: in evaluation mode on a GPU, in bf16 or fp16, compute without padding where the encoder can
            (`packed_attention.py`); False: always padded.
        attn_implementation: how attention is computed ("sdpa", "eager", …); None leaves the choice to transformers. A
            configuration held as a plain dict does not get it from the model around it.
        dtype: of the parameters; None takes torch's default, which `from_pretrained` sets while it builds. The one
            written in `config` says how some checkpoint was saved, and is not used.
    """

    needs = ("configuration",)  # where there is no checkpoint
    has_checkpoints = True
    fine_tuned = True

    def __init__(
        self,
        *,
        config: Mapping[str, Any],
        layers: str = "last",
        packing: bool = True,
        attn_implementation: str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if layers != "last":
            raise ValueError(f"Unknown layers {layers!r} of a pretrained encoder; choose 'last'.")
        dtype = dtype or torch.get_default_dtype()
        arguments: dict[str, object] = {"dtype": dtype}
        if attn_implementation is not None:
            arguments["attn_implementation"] = attn_implementation
        encoder_config = read_config(config)
        if "add_pooling_layer" in inspect.signature(_model_class(encoder_config).__init__).parameters:
            arguments["add_pooling_layer"] = False
        self.model: PreTrainedModel = auto_model().from_config(encoder_config, **arguments)
        self.model.to(dtype)  # XLNet makes some of its parameters with torch.FloatTensor, whatever the dtype
        self.accepted = frozenset(inspect.signature(self.model.forward).parameters)
        self.output_size = int(encoder_config.hidden_size)
        self.position_offset, self.max_length = positions_of(self.model)
        self.packs: bool | None = None if packing else False  # None: to be found out where it would be used

    def reset_parameters(self) -> None:
        """Initialise, by the encoder's own class, what transformers has not marked as initialised or loaded."""
        self.model.init_weights()

    def load_encoder(self, state: Mapping[str, Tensor]) -> None:
        """Take over the weights of `AutoModel.from_pretrained(...).state_dict()`; its pooling layer is left out.

        Raises:
            ValueError: weights are missing, or are those of another encoder.
        """
        kept = {name: weight for name, weight in state.items() if not name.startswith("pooler.")}
        own = self.model.state_dict()
        missing, unexpected = sorted(own.keys() - kept.keys()), sorted(kept.keys() - own.keys())
        misshapen = sorted(name for name in own.keys() & kept.keys() if own[name].shape != kept[name].shape)
        if missing or unexpected or misshapen:
            raise ValueError(
                f"These are not the weights of this {self.model.config.model_type} encoder: "
                f"{len(missing)} are missing {missing[:3]}, {len(unexpected)} are not its own {unexpected[:3]}, "
                f"{len(misshapen)} have another shape {misshapen[:3]}."
            )
        self.model.load_state_dict(kept)

    def get_input_embeddings(self) -> nn.Module:
        """The encoder's own input embedding."""
        return self.model.get_input_embeddings()

    def set_input_embeddings(self, embeddings: nn.Module) -> None:
        """Replace the encoder's input embedding."""
        self.model.set_input_embeddings(embeddings)

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> BaseModelOutput:
        """Encode.

        Args:
            input_ids: `(b, n)`; or
            inputs_embeds: `(b, n, d)`.
            attention_mask: `(b, n)`, 0 for padding. On whichever side it stands, positions begin at the first column
                that is attended, so that padding changes nothing. A row without any is computed as if its first column
                were attended, because softmax over nothing is not a number.
            token_type_ids: `(b, n)`, dropped when the encoder has no types to tell apart.

        Returns:
            `last_hidden_state` `(b, n, output_size)`; `hidden_states`, `attentions` when asked.

        Raises:
            ValueError: more columns than the encoder has positions.
        """
        given = input_ids if input_ids is not None else inputs_embeds
        if given is None or (input_ids is not None and inputs_embeds is not None):
            raise ValueError("Give exactly one of input_ids and inputs_embeds.")
        arguments: dict[str, Any] = {"input_ids": input_ids, "inputs_embeds": inputs_embeds, "return_dict": True}
        attended = None
        if attention_mask is not None:
            attended = attention_mask.bool()
            first_column = torch.arange(given.shape[1], device=given.device) == 0
            attended = attended | (first_column & ~attended.any(dim=1, keepdim=True))
            if "input_mask" in self.accepted:  # XLNet's, which is 1 for padding
                arguments["input_mask"] = (~attended).long()
            else:
                arguments["attention_mask"] = attended.long()
        self._check_length(given.shape[1])
        if self.max_length is not None and "position_ids" in self.accepted:
            arguments["position_ids"] = self._position_ids(given, arguments.get("attention_mask"))
        if self._tells_types_apart():
            arguments["token_type_ids"] = token_type_ids
        if "use_mems" in self.accepted:  # XLNet's memory of former segments
            arguments["use_mems"] = False
        packed = None
        if attended is not None and not output_attentions and self._packs_on(given.device):
            packed = pack(attended)
            arguments = self._packed(arguments, packed)
        output = self.model(**arguments, output_hidden_states=output_hidden_states, output_attentions=output_attentions)
        layers = output.hidden_states if output_hidden_states else None
        last = output.last_hidden_state
        if packed is not None:
            last = packed.put_back(last, given.shape[:2])
            layers = layers and tuple(packed.put_back(layer, given.shape[:2]) for layer in layers)
        return BaseModelOutput(
            last_hidden_state=last, hidden_states=layers, attentions=output.attentions if output_attentions else None
        )

    def _packed(self, arguments: Mapping[str, Any], packed: Packed) -> dict[str, Any]:
        """The arguments of a batch as those of one row."""
        moved = {name: packed.take(arguments.get(name)) for name in ("input_ids", "inputs_embeds", "token_type_ids")}
        given = {name: tensor for name, tensor in moved.items() if name in arguments}
        positions = packed.take(arguments["position_ids"])
        return {**arguments, **given, "position_ids": positions, "attention_mask": None, **packed.arguments()}

    def _packs_on(self, device: torch.device) -> bool:
        """Whether this batch is computed without padding; the first time the encoder is compared with itself."""
        if self.training or self.packs is False or torch.compiler.is_compiling():
            return False
        half = torch.get_autocast_dtype(device.type) if torch.is_autocast_enabled(device.type) else self.model.dtype
        if not runs_on(device, half):
            return False
        if self.packs is None:
            self.packs = self.max_length is not None and "position_ids" in self.accepted and packable(self.model)
            fault = fault_of(self.model, self.position_offset, device) if self.packs else ""
            if fault:
                logger.warning(f"The {self.model.config.model_type} encoder is computed with padding: {fault}.")
                self.packs = False
        return self.packs

    def _check_length(self, length: int) -> None:
        if self.max_length is not None and length > self.max_length:
            raise ValueError(
                f"{length} tokens are too long for this {self.model.config.model_type} encoder, which has "
                f"{self.max_length} positions; cut the text into shorter windows."
            )

    def _position_ids(self, given: Tensor, attention_mask: Tensor | None) -> Tensor:
        """`(b, n)`: 0, 1, … from the first attended column on, plus what the encoder's table begins with."""
        columns = torch.arange(given.shape[1], device=given.device).expand(given.shape[:2])
        if attention_mask is not None:
            columns = (columns - attention_mask.argmax(dim=1, keepdim=True)).clamp(min=0)
        return columns + self.position_offset

    def _tells_types_apart(self) -> bool:
        """Whether token types mean anything; XLNet has no table of them and takes any."""
        number = getattr(self.model.config, "type_vocab_size", None)
        return "token_type_ids" in self.accepted and (number is None or number > 1)


def auto_model() -> Any:
    """`transformers.AutoModel`, imported late: the import registers our models, which must be whole by then."""
    from transformers import AutoModel

    return AutoModel


def load_pretrained(name_or_path: str | os.PathLike[str], **kwargs: Any) -> PreTrainedModel:
    """`AutoModel.from_pretrained`, from safetensors alone and without code from the checkpoint.

    Raises:
        ValueError: the encoder needs code of its own, or a folder holds its weights only as a pickle.
    """
    kwargs = _without_waiting(os.fspath(name_or_path), kwargs)
    settings, _ = PreTrainedConfig.get_config_dict(name_or_path, **kwargs)
    model_type = settings.get("model_type")
    if settings.get("auto_map") and model_type != "cner-encoder":  # our own encoders' code is here already
        raise ValueError(needs_code(model_type))
    check_weights(Path(name_or_path, kwargs.get("subfolder") or ""))
    model: PreTrainedModel = auto_model().from_pretrained(
        name_or_path, **{**kwargs, "use_safetensors": True, "trust_remote_code": False}
    )
    return model


def _without_waiting(name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options, with `local_files_only` for a name on a Hub that cannot be reached, which is asked once.

    transformers alone asks five times for each file: 23 seconds and more on a machine without a network.
    """
    if options.get("local_files_only") or Path(name).is_dir():
        return options
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError

    try:
        HfApi(token=options.get("token")).model_info(name, revision=options.get("revision"), timeout=HUB_SECONDS)
    except HfHubHTTPError:  # the Hub answered; transformers explains what
        return options
    except Exception:  # of the client's own library, which changed between its versions
        return {**options, "local_files_only": True}
    return options


def needs_code(model_type: object) -> str:
    """The sentence about an encoder that is no part of transformers."""
    return (
        f"The encoder {model_type!r} needs code of its own (auto_map in its configuration); only encoders that are "
        "part of transformers can be used."
    )


def read_config(config: Mapping[str, Any]) -> PreTrainedConfig:
    """The configuration object of an encoder whose configuration is held as a dict.

    Raises:
        ValueError: no `model_type`, one that transformers does not have or has no `AutoModel` for, one that needs code
            of its own, or a model that is no encoder.
    """
    from transformers import AutoConfig

    options = dict(config)
    model_type = options.pop("model_type", None)
    if options.get("auto_map"):
        raise ValueError(needs_code(model_type))
    if not model_type:
        raise ValueError("The pretrained encoder's config must name its model_type, as config.to_dict() does.")
    try:
        encoder_config: PreTrainedConfig = AutoConfig.for_model(model_type, **options)
    except ValueError as error:
        raise ValueError(f"transformers cannot make an encoder of model type {model_type!r}: {error}") from error
    if encoder_config.is_encoder_decoder or type(encoder_config) not in auto_model()._model_mapping:
        raise ValueError(f"The model type {model_type!r} is no plain encoder that AutoModel can build.")
    return encoder_config


def _model_class(config: PreTrainedConfig) -> type[PreTrainedModel]:
    found: Any = auto_model()._model_mapping[type(config)]
    return found[0] if isinstance(found, (tuple, list)) else found


def positions_of(model: PreTrainedModel) -> tuple[int, int | None]:
    """First position id and number of positions of an encoder with a table of positions; `(0, None)` without one.

    RoBERTa and its kin number positions from `padding_idx + 1`, and so lose that many.
    """
    for name, module in model.named_modules():
        if name.rpartition(".")[2] in POSITION_TABLES and isinstance(module, nn.Embedding):
            offset = 0 if module.padding_idx is None else module.padding_idx + 1
            return offset, module.num_embeddings - offset
    return 0, None
