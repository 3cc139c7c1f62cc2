"""The activation functions that a slot's `activation` option may name."""

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}
RECTIFIERS = {"relu", "gelu"}
"""Those before which He's initialisation keeps the variance."""


def make_activation(name: str | None) -> nn.Module:
    """The activation of that name; the identity for None.

    Raises:
        ValueError: there is none of that name.
    """
    if name is None:
        return nn.Identity()
    if name not in ACTIVATIONS:
        raise ValueError(f"Unknown activation {name!r}; choose None or one of {sorted(ACTIVATIONS)}.")
    return ACTIVATIONS[name]()
