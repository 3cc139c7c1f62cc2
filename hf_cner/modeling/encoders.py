"""The table of encoder kinds. A new kind is a class in a file of its own and a line here."""

from torch import nn

from .encoder_elmo import ElmoEncoder
from .encoder_lattice import LatticeEncoder
from .encoder_pretrained import PretrainedEncoder
from .encoder_static import StaticEncoder

ENCODERS: dict[str, type[nn.Module]] = {
    "static": StaticEncoder,
    "lattice": LatticeEncoder,
    "pretrained": PretrainedEncoder,
    "elmo": ElmoEncoder,
}
