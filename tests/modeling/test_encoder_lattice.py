"""The lattice LSTM against loops over characters and words; and padding, holes, checkpoints."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from closeness import assert_close
from holder import Holder, HolderConfig
from torch.nn.functional import pad

from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.slots import build

VOCABULARY = 12
WORDS = [(5, 6), (5, 6, 7), (6, 7), (7, 5), (8, 8, 8), (9, 10, 11, 5), (8, 8)]
SLOT = {
    "kind": "lattice",
    "vocab_size": VOCABULARY,
    "embedding_size": 4,
    "word_size": 3,
    "hidden_size": 5,
    "lexicon_size": 9,
    "lexicon_nodes": 20,
    "longest_word": 5,
}
TEXTS = [[5, 6, 7, 5, 6, 7, 9], [8, 8, 8, 8, 1], [9, 10, 11, 5, 6], [3], [2, 4, 2]]  # the last two without words


def make(words: Any = WORDS, **options: Any) -> Any:
    torch.manual_seed(0)
    encoder = build("encoder", {**SLOT, **options}, ENCODERS).double().eval()
    for parameter in encoder.parameters():  # large enough that no gate looks like another
        torch.nn.init.normal_(parameter, std=0.7)
    encoder.set_lexicon(words)
    return encoder


def padded(texts: list[list[int]], side: str = "right") -> torch.Tensor:
    width = max(map(len, texts))
    rows = [[0] * (width - len(t)) * (side == "left") + t + [0] * (width - len(t)) * (side == "right") for t in texts]
    return torch.tensor(rows)


def naive_direction(encoder: Any, weights: Any, ids: list[int], words: dict[tuple[int, int], int]) -> torch.Tensor:
    """Equations 11 to 16, one character and one word after the other; `words` are numbers by start and end."""
    size = encoder.lattice.hidden_size
    state = cell = torch.zeros(size, dtype=torch.float64)
    states: list[torch.Tensor] = []
    cells: list[torch.Tensor] = []
    for end, character in enumerate(ids):
        given = weights.characters(encoder.characters.weight[character])
        gates = given[: 4 * size] + weights.states.weight[: 4 * size] @ state
        i, f, o = (gates[k * size : (k + 1) * size].sigmoid() for k in range(3))
        new = gates[3 * size :].tanh()
        coming = []
        for start in range(end):
            if (start, end) in words:
                vector = encoder.words.weight[words[start, end]]
                inner = weights.words(vector) + weights.states.weight[4 * size :] @ states[start]
                wi, wf = inner[:size].sigmoid(), inner[size : 2 * size].sigmoid()
                word_cell = wf * cells[start] + wi * inner[2 * size :].tanh()
                gate = (given[4 * size :] + weights.cells.weight @ word_cell).sigmoid()
                coming.append((gate, word_cell))
        if coming:
            shares = torch.stack([i, *(gate for gate, _ in coming)]).softmax(dim=0)
            cell = (shares * torch.stack([new, *(word_cell for _, word_cell in coming)])).sum(dim=0)
        else:
            cell = f * cell + i * new
        state = o * cell.tanh()
        states.append(state)
        cells.append(cell)
    return torch.stack(states)


def naive(encoder: Any, ids: list[int], words: list[tuple[int, ...]]) -> torch.Tensor:
    """One text in both directions: `(n, 2 * hidden_size)`."""
    n = len(ids)
    found = {
        (start, start + len(word) - 1): number
        for number, word in enumerate(words)
        for start in range(n)
        if tuple(ids[start : start + len(word)]) == tuple(word)
    }
    mirrored = {(n - 1 - end, n - 1 - start): number for (start, end), number in found.items()}
    rightward = naive_direction(encoder, encoder.lattice.rightward, ids, found)
    leftward = naive_direction(encoder, encoder.lattice.leftward, ids[::-1], mirrored)
    return torch.cat([rightward, leftward.flip(0)], dim=1)


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    assert_close(one, other)


@pytest.mark.parametrize("side", ["right", "left"])
def test_batched_it_is_equal_to_loops_over_characters_and_words(side: str) -> None:
    encoder = make()
    texts = [*TEXTS, [], [9, 10, 11, 5, 6, 7, 5, 6]]
    ids = padded(texts, side)
    found = encoder(ids, ids != 0).last_hidden_state
    assert found.shape == (7, 8, encoder.output_size) and not found[ids == 0].any()
    for row, text in enumerate(texts):
        if text:
            close(found[row][ids[row] != 0], naive(encoder, text, WORDS))
    plain = make(words=[])
    assert not torch.allclose(plain(ids, ids != 0).last_hidden_state[0], found[0]), "the words change nothing"
    close(plain(ids, ids != 0).last_hidden_state[3:5], found[3:5])


def test_gradients_are_equal_to_those_of_the_loops() -> None:
    encoder = make()
    ids = padded(TEXTS)
    torch.manual_seed(1)
    weight = torch.randn(5, 7, encoder.output_size, dtype=torch.float64)
    names = [name for name, _ in encoder.named_parameters()]
    batched = (encoder(ids, ids != 0).last_hidden_state * weight).sum()
    slow = torch.stack([(naive(encoder, text, WORDS) * weight[k, : len(text)]).sum() for k, text in enumerate(TEXTS)])
    found = torch.autograd.grad(batched, list(encoder.parameters()))
    expected = torch.autograd.grad(slow.sum(), list(encoder.parameters()))
    for name, one, other in zip(names, found, expected, strict=True):
        assert other.any(), name
        close(one, other)


def test_every_parameter_has_a_gradient_without_a_word_in_the_batch() -> None:
    encoder = make(words=[])
    encoder(torch.tensor([[3, 4]])).last_hidden_state.sum().backward()
    assert all(parameter.grad is not None for parameter in encoder.parameters())
    assert not encoder.lattice.rightward.cells.weight.grad.any()


def test_padding_of_any_amount_on_any_side_and_company_change_nothing() -> None:
    encoder = make()
    for text in TEXTS:
        alone = encoder(torch.tensor([text])).last_hidden_state
        for before, after in [(0, 3), (3, 0), (2, 2)]:
            inner = slice(before, before + len(text))
            ids = pad(torch.tensor([text]), (before, after))
            close(encoder(ids).last_hidden_state[:, inner], alone)
            other = pad(torch.tensor([text]), (before, after), value=5)  # padding that only the mask knows
            mask = pad(torch.ones(1, len(text), dtype=torch.long), (before, after))
            found = encoder(other, mask).last_hidden_state
            close(found[:, inner], alone)
            assert not found[mask == 0].any()


def test_no_word_reaches_over_a_hole() -> None:
    encoder = make()
    ids = torch.tensor([[5, 4, 6, 7]])
    mask = torch.tensor([[1, 0, 1, 1]])
    found = encoder(ids, mask).last_hidden_state
    assert not found[0, 1].any()
    close(found[0, [0, 2, 3]], naive_of_holes(encoder))
    close(encoder(torch.tensor([[5, 0, 6, 7]])).last_hidden_state, found)


def naive_of_holes(encoder: Any) -> torch.Tensor:
    """5 and 6 7 in a row, of which only 6 7 is a word: 5 6 and 5 6 7 stand on both sides of a hole."""
    return naive(encoder, [5, 6, 7], [(1, 1), (1, 1, 1), (6, 7)])


def test_embeddings_instead_of_ids_hold_no_words() -> None:
    encoder = make()
    ids = torch.tensor([[5, 6, 7, 5]])
    vectors = encoder.characters(ids)
    close(encoder(inputs_embeds=vectors).last_hidden_state[0], naive(encoder, [5, 6, 7, 5], []))
    first, last = encoder(ids, output_hidden_states=True).hidden_states
    assert torch.equal(first, vectors) and last.shape == (1, 4, 10)
    for given in ({}, {"input_ids": ids, "inputs_embeds": vectors}):
        with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
            encoder(**given)


def test_empty_batches_and_rows() -> None:
    encoder = make()
    assert encoder(torch.zeros(0, 4, dtype=torch.long)).last_hidden_state.shape == (0, 4, 10)
    assert encoder(torch.zeros(2, 0, dtype=torch.long)).last_hidden_state.shape == (2, 0, 10)
    assert not encoder(torch.zeros(2, 3, dtype=torch.long)).last_hidden_state.any()


def test_words_are_left_out_in_training_only() -> None:
    encoder, ids = make(word_dropout=1.0), padded(TEXTS)
    expected = make()(ids).last_hidden_state
    close(encoder(ids).last_hidden_state, expected)
    close(encoder.train()(ids).last_hidden_state, make(words=[])(ids).last_hidden_state)
    half = make(word_dropout=0.5, hidden_size=2).train()
    torch.manual_seed(0)
    assert len({half(ids[:1]).last_hidden_state.sum().item() for _ in range(20)}) > 3


def test_under_autocast_the_recurrence_keeps_its_precision() -> None:
    encoder, ids = make().float(), padded(TEXTS)
    expected = encoder(ids).last_hidden_state
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = encoder(ids).last_hidden_state
    assert found.dtype == torch.float32 and torch.equal(found, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_near_and_trains(dtype: torch.dtype) -> None:
    encoder, ids = make(), padded(TEXTS)
    expected = encoder(ids).last_hidden_state
    found = encoder.to(dtype)(ids).last_hidden_state
    assert found.dtype == dtype
    assert_close(found, expected, terms=1)
    found.sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in encoder.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be at least 1"),
        ({"lexicon_size": 0}, "lexicon_size must be at least 1"),
        ({"longest_word": 1}, "longest_word and lexicon_nodes must be at least 2; found 1 and 20"),
        ({"pad_token_id": 12}, "pad_token_id 12 is no id of a vocabulary of 12"),
        ({"vocab_size": 2**21}, "A lattice needs a vocabulary smaller than 2097152"),
        ({"word_dropout": 1.5}, r"word_dropout must lie between 0 and 1; found 1\.5"),
    ],
)
def test_wrong_options_get_one_sentence(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_saved_and_loaded_it_is_the_same(tmp_path: Any) -> None:
    holder = Holder(HolderConfig(encoder=SLOT)).eval()
    holder.encoder.set_lexicon(WORDS)
    holder.save_pretrained(tmp_path)
    loaded = Holder.from_pretrained(tmp_path).eval()
    assert set(loaded.state_dict()) == set(holder.state_dict())
    assert all(torch.equal(value, holder.state_dict()[name]) for name, value in loaded.state_dict().items())
    ids = padded(TEXTS)
    assert torch.equal(loaded.encoder(ids).last_hidden_state, holder.encoder(ids).last_hidden_state)


@pytest.mark.parametrize("missing", ["lattice", "words.weight", "words.edges", "characters"])
def test_what_a_checkpoint_lacks_is_initialised_and_the_rest_is_kept(tmp_path: Any, missing: str) -> None:
    holder = Holder(HolderConfig(encoder=SLOT))
    holder.encoder.set_lexicon(WORDS)
    with torch.no_grad():
        for parameter in holder.parameters():
            parameter.fill_(3.0)
    state = {name: value for name, value in holder.state_dict().items() if not name.startswith(f"encoder.{missing}")}
    holder.save_pretrained(tmp_path, state_dict=state)
    encoder = Holder.from_pretrained(tmp_path).encoder
    fresh = build("encoder", SLOT, ENCODERS).state_dict()
    for name, value in encoder.state_dict().items():
        if not name.startswith(missing):
            assert torch.equal(value, holder.encoder.state_dict()[name]), name
        elif value.is_floating_point():
            assert torch.isfinite(value).all() and value.abs().max() <= 1.2, name
            assert bool(value.any()) == bool(fresh[name].any()), name
        else:
            assert torch.equal(value, fresh[name])


def test_forget_gates_begin_open() -> None:
    direction = build("encoder", SLOT, ENCODERS).lattice.leftward
    assert direction.characters.bias.tolist() == [0.0] * 5 + [1.0] * 5 + [0.0] * 15
    gates = direction.states.weight
    assert_close(gates.T @ gates, torch.eye(5))
