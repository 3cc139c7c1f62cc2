import pytest
from torch import nn

from hf_cner.modeling.activations import ACTIVATIONS, make_activation
from hf_cner.modeling.attention import ATTENTIONS
from hf_cner.modeling.context import CONTEXTS
from hf_cner.modeling.slots import build, options_of, require_positive


class Plain(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


class Rich(nn.Module):
    def __init__(self, size: int, *, width: int, depth: int = 2, hint: str | None = None) -> None:
        super().__init__()
        self.size, self.width, self.depth, self.hint = size, width, depth, hint


TABLE: dict[str, type[nn.Module]] = {"plain": Plain, "rich": Rich}


def test_options_and_sizes_reach_the_class_and_the_slot_stays_as_it_was():
    slot = {"kind": "rich", "width": 3}
    module = build("part", slot, TABLE, 7)
    assert isinstance(module, Rich) and (module.size, module.width, module.depth) == (7, 3, 2)
    assert slot == {"kind": "rich", "width": 3}
    assert list(options_of(Rich)) == ["width", "depth", "hint"]


def test_what_the_model_gives_reaches_only_classes_that_take_it():
    assert build("part", {"kind": "rich", "width": 1}, TABLE, 7, given={"hint": "sdpa"}).hint == "sdpa"
    assert build("part", {"kind": "plain"}, TABLE, 7, given={"hint": "sdpa"}).size == 7


@pytest.mark.parametrize(
    ("slot", "message"),
    [
        ({"kind": "odd"}, r"Unknown part kind 'odd'; choose one of \['plain', 'rich'\]"),
        ({"kind": ["plain"]}, r"Unknown part kind \['plain'\]"),
        ({"width": 3}, r"The part must be a dict .* a kind from \['plain', 'rich'\]; found \{'width': 3\}"),
        ("plain", "The part must be a dict .* found 'plain'"),
        (
            {"kind": "rich", "width": 1, "wide": 2},
            r"kind 'rich' has no option 'wide'; it takes \['depth', 'hint', 'width'\]",
        ),
        ({"kind": "plain", "a": 1, "b": 2}, "kind 'plain' has no option 'a', 'b'; it takes none"),
        ({"kind": "rich"}, "kind 'rich' needs the option 'width'"),
        ({"kind": "rich", "width": "3"}, "The part option width must be a whole number; found '3'"),
        ({"kind": "rich", "width": True}, "The part option width must be a whole number; found True"),
        ({"kind": "rich", "width": 3, "hint": 5}, "The part option hint must be a word or left out; found 5"),
    ],
)
def test_a_wrong_slot_gets_one_sentence_that_names_what_is_valid(slot, message):
    with pytest.raises(ValueError, match=message):
        build("part", slot, TABLE, 7)


def test_a_slot_cannot_set_what_the_model_gives():
    with pytest.raises(ValueError, match=r"has no option 'hint'; it takes \['depth', 'width'\]"):
        build("part", {"kind": "rich", "width": 1, "hint": "eager"}, TABLE, 7, given={"hint": "sdpa"})


@pytest.mark.parametrize("value", [0, -1, 1.5, True, [], [1, 0], "3", None])
def test_require_positive_names_the_option(value):
    with pytest.raises(ValueError, match="num_layers must be at least 1, in whole numbers"):
        require_positive({"good": [1, 2], "num_layers": value})


def test_activations():
    assert all(isinstance(make_activation(name), kind) for name, kind in ACTIVATIONS.items())
    assert isinstance(make_activation(None), nn.Identity)
    with pytest.raises(
        ValueError, match=r"Unknown activation 'swish'; choose None or one of \['gelu', 'relu', 'tanh'\]"
    ):
        make_activation("swish")


@pytest.mark.parametrize(
    ("slot", "table", "message"),
    [
        ({"kind": "idcnn", "dilations": 5}, CONTEXTS, "context option dilations must be a list; found 5"),
        ({"kind": "cnn", "kernel_sizes": "3"}, CONTEXTS, "context option kernel_sizes must be a list; found '3'"),
        ({"kind": "bilstm", "dropout": "abc"}, CONTEXTS, "context option dropout must be a number; found 'abc'"),
        ({"kind": "multi_head", "residual": "abc"}, ATTENTIONS, "option residual must be true or false; found 'abc'"),
    ],
)
def test_values_of_another_kind_are_named(slot, table, message):
    with pytest.raises(ValueError, match=message):
        build("attention" if table is ATTENTIONS else "context", slot, table, 8)
