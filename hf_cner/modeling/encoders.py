"""The table of encoder kinds. A new kind is a class in a file of its own and a line here."""

from .character_encoder import Encoder
from .encoder_elmo import ElmoEncoder
from .encoder_lattice import LatticeEncoder
from .encoder_pretrained import PretrainedEncoder
from .encoder_static import StaticEncoder

ENCODERS: dict[str, type[Encoder]] = {
    "static": StaticEncoder,
    "lattice": LatticeEncoder,
    "pretrained": PretrainedEncoder,
    "elmo": ElmoEncoder,
}
