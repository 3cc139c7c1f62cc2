"""A checkpoint's tokenizer without transformers, as `CharacterTable` needs it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from ..data.files import read_text
from ..data.json_text import parse_json
from ..data.models import TOKENIZER_FILES
from .manifest import GraphError

TOKENIZER, SETTINGS = TOKENIZER_FILES
_NAMES = ("pad", "cls", "sep", "bos", "eos", "unk", "mask")


class Tokens:
    """The character tokenizer of an exported folder.

    Raises:
        GraphError: a file is missing or broken.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        from tokenizers import Tokenizer

        for name in TOKENIZER_FILES:
            if not (Path(folder) / name).is_file():
                raise GraphError(f"{Path(folder) / name} is missing; copy the whole folder, or export the model again.")
        try:
            settings: Any = parse_json(read_text(Path(folder) / SETTINGS))
            self._tokenizer: Any = Tokenizer.from_file(str(Path(folder) / TOKENIZER))
            named = {name: _token(settings.get(f"{name}_token")) for name in _NAMES}
        except Exception as error:  # the library raises plain Exception
            raise GraphError(f"The tokenizer in {folder} is broken ({error}); export the model again.") from error
        self._tokenizer.encode_special_tokens = bool(settings.get("split_special_tokens"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        ids = {name: self._tokenizer.token_to_id(token) if token else None for name, token in named.items()}
        self.pad_token_id, self.cls_token_id, self.sep_token_id = ids["pad"], ids["cls"], ids["sep"]
        self.bos_token_id, self.eos_token_id = ids["bos"], ids["eos"]
        self.unk_token_id, self.mask_token_id = ids["unk"], ids["mask"]
        self.all_special_tokens = [token for token in dict.fromkeys(named.values()) if token]
        self.padding_side = str(settings.get("padding_side", "right"))
        self.model_input_names = list(settings.get("model_input_names", ["input_ids", "token_type_ids"]))

    def __call__(
        self,
        texts: str | list[str],
        *,
        add_special_tokens: bool = True,
        return_special_tokens_mask: bool = False,
        return_token_type_ids: bool = False,
    ) -> dict[str, Any]:
        """As transformers' tokenizers; always with masks and types."""
        batch = [texts] if isinstance(texts, str) else texts
        encoded = self._tokenizer.encode_batch(batch, add_special_tokens=add_special_tokens)
        names = {"input_ids": "ids", "special_tokens_mask": "special_tokens_mask", "token_type_ids": "type_ids"}
        found = {name: [getattr(row, attribute) for row in encoded] for name, attribute in names.items()}
        return {name: rows[0] for name, rows in found.items()} if isinstance(texts, str) else found


def _token(value: object) -> str | None:
    """A special token in a tokenizer's settings, which is a text or an object."""
    content = value.get("content") if isinstance(value, dict) else value
    return content if isinstance(content, str) else None
