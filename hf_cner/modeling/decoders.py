"""The decoder slot of a model without questions. A new kind is a class and a line in `DECODERS`."""

from .biaffine import BiaffineDecoder
from .decoder import Decoder
from .global_pointer import GlobalPointerDecoder
from .tagging_decoders import CrfDecoder, SoftmaxDecoder

DECODERS: dict[str, type[Decoder]] = {
    "softmax": SoftmaxDecoder,
    "crf": CrfDecoder,
    "biaffine": BiaffineDecoder,
    "global_pointer": GlobalPointerDecoder,
}
