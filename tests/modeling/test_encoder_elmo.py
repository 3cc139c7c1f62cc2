"""ELMo against a loop over characters, what each direction may see, and what loading makes of it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from closeness import assert_close
from holder import Holder, HolderConfig

from hf_cner import CnerEncoderConfig, CnerEncoderModel
from hf_cner.modeling.encoder_elmo import ElmoEncoder, ScalarMix
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.slots import build

VOCABULARY, SIZE = 12, 4
SLOT: dict[str, Any] = {
    "kind": "elmo",
    "vocab_size": VOCABULARY,
    "embedding_size": SIZE,
    "hidden_size": 7,
    "non_unit_ids": [0, 2],
}


def make(**options: Any) -> ElmoEncoder:
    torch.manual_seed(0)
    encoder: ElmoEncoder = build("encoder", {**SLOT, **options}, ENCODERS).double().eval()
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if "bias" in name or name.startswith("mix"):
                parameter.add_(torch.randn_like(parameter))
    return encoder


def slow_cell(cell: torch.nn.LSTM, vectors: torch.Tensor) -> torch.Tensor:
    """torch's equations of an LSTM with projection, one step after another; `(n, d)` to `(n, d')`."""
    hidden = torch.zeros(cell.proj_size or cell.hidden_size, dtype=vectors.dtype)
    memory = torch.zeros(cell.hidden_size, dtype=vectors.dtype)
    states = []
    for vector in vectors:
        gates = cell.weight_ih_l0 @ vector + cell.bias_ih_l0 + cell.weight_hh_l0 @ hidden + cell.bias_hh_l0
        enter, forget, new, leave = gates.chunk(4)
        memory = forget.sigmoid() * memory + enter.sigmoid() * new.tanh()
        hidden = leave.sigmoid() * memory.tanh()
        if cell.proj_size:
            hidden = cell.weight_hr_l0 @ hidden
        states.append(hidden)
    return torch.stack(states)


def slow_layers(encoder: ElmoEncoder, ids: list[int]) -> list[torch.Tensor]:
    """The layers `(n, 2 d)` of one text without anything around it."""
    vectors = encoder.characters.weight[ids]
    layers = [torch.cat([vectors, vectors], dim=-1)]
    right, left = vectors, vectors.flip(0)
    for number, (rightward, leftward) in enumerate(zip(encoder.rightward, encoder.leftward, strict=True)):
        right = slow_cell(rightward, right) + (right if number else 0)
        left = slow_cell(leftward, left) + (left if number else 0)
        layers.append(torch.cat([right, left.flip(0)], dim=-1))
    return layers


@pytest.mark.parametrize("options", [{}, {"hidden_size": SIZE}, {"num_layers": 1}, {"num_layers": 3}])
def test_against_a_slow_version_among_padding_and_specials(options: dict[str, Any]) -> None:
    encoder = make(**options)
    ids = torch.tensor([[2, 5, 6, 7, 3, 2], [0, 0, 4, 1, 0, 0], [0, 0, 0, 0, 0, 0], [5, 0, 6, 2, 9, 9]])
    mask = torch.ones_like(ids)
    mask[3, 5] = 0
    output = encoder(ids, mask, output_hidden_states=True)
    assert output.last_hidden_state.shape == (4, 6, 2 * SIZE) and encoder.output_size == 2 * SIZE
    assert len(output.hidden_states) == options.get("num_layers", 2) + 1 and encoder.max_length is None
    shares = torch.softmax(encoder.mix.weights, dim=0)
    for row, columns in enumerate([[1, 2, 3, 4], [2, 3], [], [0, 2, 4]]):
        rest = [column for column in range(6) if column not in columns]
        assert not output.last_hidden_state[row, rest].any()
        if columns:
            layers = slow_layers(encoder, ids[row, columns].tolist())
            for fast, slow in zip(output.hidden_states, layers, strict=True):
                assert_close(fast[row, columns], slow)
            mixed = encoder.mix.gamma * sum(share * layer for share, layer in zip(shares, layers, strict=True))
            assert_close(output.last_hidden_state[row, columns], mixed)


@pytest.mark.parametrize("position", range(5))
def test_neither_direction_sees_what_it_predicts(position: int) -> None:
    encoder, ids = make(), torch.tensor([[5, 6, 7, 8, 9]])
    other = ids.clone()
    other[0, position] = 10
    before, after = (encoder(x, output_hidden_states=True).hidden_states[1:] for x in (ids, other))
    for one, two in zip(before, after, strict=True):
        changed = (one != two).view(5, 2, SIZE).any(-1)
        assert changed[:, 0].tolist() == [t >= position for t in range(5)]  # to the right
        assert changed[:, 1].tolist() == [t <= position for t in range(5)]  # to the left


def test_what_is_no_unit_has_no_influence_and_gets_no_gradient() -> None:
    encoder = make()
    vectors = torch.randn(1, 5, SIZE, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[0, 1, 1, 0, 1]])
    encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state.sum().backward()
    assert vectors.grad is not None and vectors.grad.abs().sum(-1).ne(0).int().tolist() == mask.tolist()
    broken = vectors.detach().clone()
    broken[0, [0, 3]] = torch.nan
    expected = encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
    assert torch.equal(encoder(inputs_embeds=broken, attention_mask=mask).last_hidden_state, expected)
    ids = torch.tensor([[2, 5, 6, 0, 7]])
    embedded = encoder(inputs_embeds=encoder.characters(ids), attention_mask=mask).last_hidden_state
    assert torch.equal(encoder(ids).last_hidden_state, embedded)
    with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
        encoder()
    with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
        encoder(ids, inputs_embeds=vectors)


@pytest.mark.parametrize("shape", [(0, 3), (2, 0)])
def test_nothing_in_nothing_out(shape: tuple[int, int]) -> None:
    output = make()(torch.zeros(shape, dtype=torch.long), output_hidden_states=True)
    assert output.last_hidden_state.shape == (*shape, 2 * SIZE) and len(output.hidden_states) == 3


def test_a_fresh_mixture_is_the_average_and_its_weights_learn() -> None:
    mix, layers = ScalarMix(3), [torch.randn(2, 3) for _ in range(3)]
    assert_close(mix(layers), torch.stack(layers).mean(0))
    mix(layers).pow(2).sum().backward()
    assert mix.weights.grad is not None and mix.weights.grad.abs().min() > 0
    assert mix.gamma.grad is not None and mix.gamma.grad.abs() > 0


def test_a_frozen_language_model_leaves_its_mixture_to_learn_and_drops_nothing_inside() -> None:
    ids = torch.tensor([[5, 6, 7, 8]])
    frozen = make(trainable=False, layer_dropout=0.5).train()
    learning = {name for name, parameter in frozen.named_parameters() if parameter.requires_grad}
    assert learning == {"mix.weights", "mix.gamma"}
    assert torch.equal(frozen(ids).last_hidden_state, frozen(ids).last_hidden_state)
    frozen(ids).last_hidden_state.sum().backward()
    assert frozen.mix.weights.grad is not None and frozen.characters.weight.grad is None
    free = make(layer_dropout=0.5).train()
    assert not torch.equal(free(ids).last_hidden_state, free(ids).last_hidden_state)
    assert all(parameter.requires_grad for parameter in free.parameters())
    assert torch.equal(free.eval()(ids).last_hidden_state, frozen.eval()(ids).last_hidden_state)


@pytest.mark.parametrize("missing", [set(), {"mix.weights", "mix.gamma"}, {"rightward.1.", "leftward.0."}])
def test_what_a_checkpoint_lacks_is_initialised_and_the_rest_is_kept(tmp_path: Any, missing: set[str]) -> None:
    holder = Holder(HolderConfig(encoder=SLOT))
    with torch.no_grad():
        for parameter in holder.parameters():
            parameter.fill_(3.0)
    lost = tuple(f"encoder.{name}" for name in missing)
    state = {name: value for name, value in holder.state_dict().items() if not (lost and name.startswith(lost))}
    saved = set(state)
    holder.save_pretrained(tmp_path, state_dict=state)
    encoder: Any = Holder.from_pretrained(tmp_path).encoder
    for name, value in encoder.state_dict().items():
        assert (value == 3).all() == (f"encoder.{name}" in saved), name
        assert torch.isfinite(value).all(), name
    if "mix.gamma" in missing:
        assert encoder.mix.weights.tolist() == [0, 0, 0] and encoder.mix.gamma == 1
    if "rightward.1." in missing:
        cell = encoder.rightward[1]
        assert cell.bias_ih_l0.tolist() == [0.0] * 7 + [1.0] * 7 + [0.0] * 14
        assert 0.1 < cell.weight_hr_l0.abs().max() <= (6 / 11) ** 0.5
        square = cell.weight_hh_l0
        assert_close(square.T @ square, torch.eye(SIZE))


@pytest.mark.parametrize("slot", [SLOT, *({"kind": kind, "vocab_size": VOCABULARY} for kind in ("static", "lattice"))])
@pytest.mark.parametrize("trainable", [True, False])
def test_what_is_frozen_stays_so_when_it_is_loaded(tmp_path: Any, slot: dict[str, Any], trainable: bool) -> None:
    model = CnerEncoderModel(CnerEncoderConfig(encoder={**slot, "trainable": trainable}))
    model.save_pretrained(tmp_path)
    again, _ = CnerEncoderModel.from_pretrained(tmp_path, output_loading_info=True)
    learning = {name for name, parameter in again.named_parameters() if parameter.requires_grad}
    assert learning == {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert ("encoder.characters.weight" in learning) is trainable


def test_a_resized_vocabulary_reads_as_before() -> None:
    holder = Holder(HolderConfig(encoder=SLOT)).eval()
    ids = torch.tensor([[5, 6]])
    before = holder.encoder(ids).last_hidden_state
    holder.resize_token_embeddings(VOCABULARY + 3)
    assert torch.equal(holder.encoder(ids).last_hidden_state, before)
    holder.encoder(torch.tensor([[14]]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be at least 1"),
        ({"num_layers": 0}, "num_layers must be at least 1"),
        ({"hidden_size": 3}, "hidden_size is 3, embedding_size 4: a cell's output can be projected to fewer"),
        ({"non_unit_ids": [0, 12]}, r"non_unit_ids holds \[12\], which are no ids of a vocabulary of 12"),
        ({"size": 3}, r"The encoder kind 'elmo' has no option 'size'; it takes \['dropout'"),
    ],
)
def test_wrong_options_get_one_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)
