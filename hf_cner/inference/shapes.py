"""Whether a checkpoint's configuration describes a model as large as its weights, checked before it is built.

A configuration is a text that anybody can write: `num_layers: 1000000` takes hours to compute, `hidden_size: 1e9` more
memory than there is. The headers of the safetensors files say what the weights are; both are compared here.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.models import AUTO_CLASSES
from ..data.problems import is_panic
from ..data.shown import brief, clipped, printable
from ..modeling.characters import CharacterTable
from .checkpoint import CONFIG, CheckpointError, check_folder, weight_files

if TYPE_CHECKING:
    from torch import nn

Shapes = Mapping[str, tuple[int, ...]]

MOST_PARTS = 1000  # layers, or entries of a list, that are allowed whatever the weights are
MOST_NEW = 1_000_000  # numbers that a model may have in addition to its weights


def weight_shapes(folder: str | os.PathLike[str]) -> dict[str, tuple[int, ...]]:
    """The shape of every weight of a checkpoint, from the headers of its files.

    Raises:
        CheckpointError: a file is cut off or no safetensors file; it is named.
    """
    from safetensors import SafetensorError, safe_open

    shapes: dict[str, tuple[int, ...]] = {}
    for path in weight_files(Path(folder)):
        try:
            with safe_open(path, framework="numpy") as weights:  # holds the header against the size of the file
                for name in weights.keys():  # noqa: SIM118  (it is no mapping)
                    shapes[name] = tuple(weights.get_slice(name).get_shape())
        except (SafetensorError, OSError, ValueError) as error:
            found = clipped(str(error), 200)
            raise CheckpointError(f"{path} is broken ({found}); copy the file again.") from error
    return shapes


def check_numbers(config: Mapping[str, Any], shapes: Shapes, folder: str | os.PathLike[str]) -> None:
    """Refuse numbers of a configuration that no model with these weights can have.

    A dimension of n needs at least n weights, and a layer at least one tensor; so numbers are bounded by the weights,
    and what counts layers or is a list by the tensors. Sizes that have no weight, such as a rotary embedding's base,
    stay below `MOST_NEW` or are called theta.

    Raises:
        CheckpointError: names the key and the number.
    """
    size = max(sum(map(math.prod, shapes.values())), MOST_NEW)
    parts = max(10 * len(shapes), MOST_PARTS)
    path = Path(folder) / CONFIG
    for keys, value in _leaves(config):
        key = ".".join(keys)
        counts = any(word in keys[-1] for word in ("layers", "blocks", "groups", "repeats", "num_heads"))
        if isinstance(value, list) and len(value) > parts:
            raise _too_large(path, key, f"a list of {len(value):,}", f"{len(shapes):,} tensors")
        if isinstance(value, int | float) and "theta" not in keys[-1] and not value <= (parts if counts else size):
            held = f"{len(shapes):,} tensors" if counts else f"{sum(map(math.prod, shapes.values())):,} numbers"
            raise _too_large(path, key, brief(value), held)


def _too_large(path: Path, key: str, found: str, held: str) -> CheckpointError:
    return CheckpointError(
        f"{path} is not of these weights: found {clipped(key, 80)} {found}, where the weights hold {held}; "
        "copy both from one model."
    )


def _leaves(config: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value of a configuration that is no object, with its keys; a list as a whole, then what is in it."""
    todo: list[tuple[tuple[str, ...], object]] = [((str(key),), value) for key, value in config.items()]
    while todo:
        keys, value = todo.pop()
        if isinstance(value, Mapping):
            todo += [((*keys, str(key)), inner) for key, inner in value.items()]
            continue
        yield keys, value
        if isinstance(value, list):
            todo += [(keys, inner) for inner in value]


def check_shapes(model: nn.Module, shapes: Shapes, folder: str | os.PathLike[str]) -> None:
    """Refuse weights that do not fit into a model, which may lie on the meta device.

    Raises:
        CheckpointError: names the first weight of another shape, or says that the model is far larger than the weights.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    for name in sorted(wanted.keys() & shapes.keys()):
        if wanted[name] != shapes[name]:
            raise CheckpointError(
                f"{os.fspath(folder)}: the weights do not fit the model that {CONFIG} describes: "
                f"found {printable(name)} of shape {shapes[name]}, expected {wanted[name]}; copy both from one model."
            )
    held, needed = (sum(map(math.prod, of.values())) for of in (shapes, wanted))
    if needed > 2 * held + MOST_NEW:
        raise CheckpointError(
            f"{os.fspath(folder)}: {CONFIG} describes a model of {needed:,} numbers, and the weights hold {held:,}; "
            "copy both from one model."
        )


def check_fit(folder: str | os.PathLike[str]) -> None:
    """Refuse a checkpoint whose configuration and weights are not of one model, without filling any memory.

    Raises:
        CheckpointError: what `check_folder`, `weight_shapes`, `check_numbers` and `check_shapes` raise, or a
            configuration of which no model can be built.
    """
    import torch
    import transformers

    config = check_folder(folder)
    shapes = weight_shapes(folder)
    check_numbers(config, shapes, folder)
    with loading(Path(folder) / CONFIG), torch.device("meta"):
        described = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        auto_class = getattr(transformers, AUTO_CLASSES[config["model_type"]])
        model: nn.Module = auto_class.from_config(described, trust_remote_code=False)
    check_shapes(model, shapes, folder)


@contextmanager
def loading(what: str | os.PathLike[str]) -> Iterator[None]:
    """Turn whatever a library raises about a file into one sentence that names it.

    Raises:
        CheckpointError: in place of all but errors of the system, of memory and of imports, which pass.
    """
    try:
        yield
    except (CheckpointError, OSError, MemoryError, ImportError):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        said = clipped(" ".join(str(error)[:2000].split()), 300)
        raise CheckpointError(
            f"{os.fspath(what)} cannot be loaded ({type(error).__name__}: {said}); copy the checkpoint again, or save "
            "it with this version."
        ) from error


def check_tokenizer(tokenizer: Any, model: nn.Module, place: str | os.PathLike[str]) -> None:
    """Ask a tokenizer for its ids, and hold them against the model's table that they are looked up in.

    Raises:
        CheckpointError: an id without a row.
        Exception: whatever a damaged tokenizer raises, for `loading`.
    """
    with suppress(ValueError):  # of `CharacterTable`, a sentence of its own, which the predictor raises
        CharacterTable(tokenizer)
    whole: Any = model
    rows = len(whole.get_input_embeddings().weight)
    own = getattr(tokenizer, "backend_tokenizer", None)  # tokens that were added later may have no row, nor a use
    vocabulary = tokenizer.get_vocab() if own is None else own.get_vocab(with_added_tokens=False)
    highest = max(vocabulary.values(), default=0)
    if highest >= rows:
        raise CheckpointError(
            f"The tokenizer in {os.fspath(place)} has the id {highest:,}, and the model's table {rows:,} rows; copy "
            "the checkpoint again: its files do not belong together."
        )
