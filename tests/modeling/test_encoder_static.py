import math

import numpy as np
import pytest
import torch
from holder import Holder, HolderConfig

from hf_cner.modeling.bigrams import EDGE, MULTIPLIER, NO_KEY, bigram_key, bigram_keys, frequent_bigrams, rows_of_keys
from hf_cner.modeling.encoders import ENCODERS
from hf_cner.modeling.slots import build

VOCABULARY = 12


def make(**options):
    torch.manual_seed(0)
    return build(
        "encoder", {"kind": "static", "vocab_size": VOCABULARY, "embedding_size": 4, **options}, ENCODERS
    ).eval()


def with_bigrams(**options):
    encoder = make(bigram_vocab_size=8, bigram_size=3, **options)
    encoder.set_bigrams([bigram_key(*pair) for pair in [(5, 6), (EDGE, 5), (6, EDGE), (11, 11), (2, 5), (6, 7)]])
    return encoder


def test_characters_alone():
    encoder, ids = make(), torch.tensor([[3, 4, 0], [5, 0, 0]])
    output = encoder(ids, ids != 0)
    assert encoder.output_size == 4 and encoder.max_length is None
    assert torch.equal(output.last_hidden_state, encoder.characters.weight[ids])
    assert output.hidden_states is None and output.attentions is None
    assert not output.last_hidden_state[ids == 0].any()
    (only,) = encoder(ids, ids != 0, output_hidden_states=True, output_attentions=True).hidden_states
    assert torch.equal(only, output.last_hidden_state)


def slow_bigrams(encoder, ids, mask):
    """Bigram vectors with Python loops and a dictionary."""
    table = {key: row + 1 for row, key in enumerate(encoder.bigrams.table.tolist()) if key != NO_KEY}
    result = torch.zeros(*ids.shape, 6)
    for b, row in enumerate(ids.tolist()):
        row = [i if m and i != 0 else EDGE for i, m in zip(row, mask[b].tolist(), strict=True)]
        for t, character in enumerate(row):
            left = row[t - 1] if t > 0 else EDGE
            right = row[t + 1] if t + 1 < len(row) else EDGE
            rows = [table.get(left * MULTIPLIER + character, 0), table.get(character * MULTIPLIER + right, 0)]
            result[b, t] = encoder.bigrams.weight[rows].flatten()
    return result


def test_bigrams_against_a_slow_version():
    encoder = with_bigrams()
    ids = torch.tensor([[5, 6, 7, 0, 0], [0, 2, 5, 6, 0], [11, 11, 11, 11, 11], [5, 6, 5, 6, 7], [0, 0, 0, 0, 0]])
    mask = ids != 0
    mask[3, 2] = False
    vectors = encoder(ids, mask).last_hidden_state
    assert vectors.shape == (5, 5, 10) and encoder.output_size == 10
    assert torch.equal(vectors[..., :4], encoder.characters.weight[ids])
    assert torch.equal(vectors[..., 4:], slow_bigrams(encoder, ids, mask))
    assert not torch.equal(vectors[0, 0, 4:7], vectors[3, 1, 4:7])


def test_ids_of_32_bits_are_the_same_ids():
    ids = torch.tensor([[1024, 7, 2000, 1999]])
    present = torch.ones_like(ids, dtype=torch.bool)
    for wide, narrow in zip(bigram_keys(ids, present), bigram_keys(ids.int(), present), strict=True):
        assert torch.equal(wide, narrow) and narrow.dtype == torch.int64


def test_padding_of_any_amount_on_any_side_changes_nothing():
    encoder, text = with_bigrams(), torch.tensor([[5, 6, 7, 5, 6]])
    expected = encoder(text).last_hidden_state
    for before, after in [(0, 3), (3, 0), (2, 2)]:
        ids = torch.nn.functional.pad(text, (before, after), value=0)
        inner = slice(before, before + 5)
        assert torch.equal(encoder(ids, ids != 0).last_hidden_state[:, inner], expected)
        assert torch.equal(encoder(ids).last_hidden_state[:, inner], expected)
        other = torch.nn.functional.pad(text, (before, after), value=9)  # padding that only the mask knows
        mask = torch.nn.functional.pad(torch.ones_like(text), (before, after))
        assert torch.equal(encoder(other, mask).last_hidden_state[:, inner], expected)


def test_embeddings_instead_of_ids_have_unknown_bigrams():
    encoder, vectors = with_bigrams(), torch.randn(2, 3, 4)
    result = encoder(inputs_embeds=vectors).last_hidden_state
    assert torch.equal(result[..., :4], vectors)
    assert torch.equal(result[..., 4:], encoder.bigrams.weight[0].repeat(2).expand(2, 3, 6))
    with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
        encoder()
    with pytest.raises(ValueError, match="exactly one of input_ids and inputs_embeds"):
        encoder(torch.tensor([[1]]), inputs_embeds=vectors)


def test_gradients_reach_what_was_looked_up_and_frozen_vectors_get_none():
    encoder, ids = with_bigrams(), torch.tensor([[5, 6, 0]])
    encoder(ids, ids != 0).last_hidden_state.sum().backward()
    assert encoder.characters.weight.grad.abs().sum(dim=1).nonzero().flatten().tolist() == [5, 6]
    assert encoder.bigrams.weight.grad[0].any()
    assert make(trainable=False).characters.weight.requires_grad is False


def test_vectors_are_loaded_row_by_row():
    encoder, vectors = make(), np.arange(8.0).reshape(2, 4)
    before = encoder.characters.weight.detach().clone()
    encoder.load_vectors([7, 3], vectors)
    assert encoder.characters.weight[7].tolist() == [0, 1, 2, 3] and encoder.characters.weight[3].tolist() == [
        4,
        5,
        6,
        7,
    ]
    others = [row for row in range(VOCABULARY) if row not in (3, 7)]
    assert torch.equal(encoder.characters.weight[others], before[others])
    encoder.load_vectors([], np.zeros((0, 4)))


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        ([1], np.zeros((1, 5)), r"1 character vectors of length 4 are expected; found an array of shape \(1, 5\)"),
        ([1, 2], np.zeros((1, 4)), "2 character vectors of length 4 are expected"),
        ([12], np.zeros((1, 4)), r"The character ids must lie in 0…11; found 12…12"),
        ([-1], np.zeros((1, 4)), r"must lie in 0…11; found -1…-1"),
        ([1], np.full((1, 4), np.nan), "contain NaN or infinity"),
    ],
)
def test_vectors_that_do_not_fit_change_nothing(ids, vectors, message):
    encoder = make()
    before = encoder.characters.weight.detach().clone()
    with pytest.raises(ValueError, match=message):
        encoder.load_vectors(ids, vectors)
    assert torch.equal(encoder.characters.weight, before)


def test_bigram_vectors_follow_their_keys_through_sorting():
    encoder = make(bigram_vocab_size=5, bigram_size=2)
    keys = [bigram_key(9, 1), bigram_key(2, 3), bigram_key(5, 5)]
    encoder.set_bigrams(keys, torch.tensor([[9.0, 1.0], [2.0, 3.0], [5.0, 5.0]]))
    rows = rows_of_keys(encoder.bigrams.table, torch.tensor([*keys, bigram_key(3, 2)]))
    assert rows.tolist() == [3, 1, 2, 0]
    assert encoder.bigrams.weight[rows[:3]].tolist() == [[9, 1], [2, 3], [5, 5]]
    assert encoder.bigrams.table.tolist() == [*sorted(keys), NO_KEY]


@pytest.mark.parametrize(
    ("keys", "vectors", "message"),
    [
        ([1, 2, 3, 4, 5], None, r"5 bigrams do not fit into a table for 4 \(rows - 1\)"),
        ([1, 1], None, "different from each other, and made by bigram_key"),
        ([-1], None, "made by bigram_key"),
        ([NO_KEY], None, "made by bigram_key"),
        ([1], torch.zeros(1, 9), "1 bigram vectors of length 2 are expected"),
    ],
)
def test_bigrams_that_do_not_fit_change_nothing(keys, vectors, message):
    encoder = make(bigram_vocab_size=5, bigram_size=2)
    encoder.set_bigrams([7])
    with pytest.raises(ValueError, match=message):
        encoder.set_bigrams(keys, vectors)
    assert encoder.bigrams.table.tolist() == [7] + [NO_KEY] * 3


def test_bigrams_need_a_table():
    with pytest.raises(ValueError, match="has no bigrams: set its bigram_vocab_size"):
        make().set_bigrams([1])
    encoder, ids = make(bigram_vocab_size=1, bigram_size=2), torch.tensor([[1, 2]])
    assert torch.equal(encoder(ids).last_hidden_state[..., 4:], encoder.bigrams.weight[0].repeat(2).expand(1, 2, 4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be at least 1"),
        ({"embedding_size": 0}, "embedding_size must be at least 1"),
        ({"bigram_vocab_size": -1}, "bigram_vocab_size must be at least 0; found -1"),
        ({"pad_token_id": 12}, "pad_token_id 12 is no id of a vocabulary of 12"),
        ({"size": 3}, r"The encoder kind 'static' has no option 'size'; it takes \['bigram_size'"),
    ],
)
def test_wrong_options_get_one_sentence(options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)
    with pytest.raises(ValueError, match="kind 'static' needs the option 'vocab_size'"):
        build("encoder", {"kind": "static"}, ENCODERS)


def test_keys():
    assert bigram_key(2, 3) == 2 * 2**21 + 3 < NO_KEY and bigram_key(EDGE, EDGE) < NO_KEY
    left, right = bigram_keys(torch.tensor([[4, 5]]), torch.tensor([[True, True]]))
    assert left.tolist() == [[bigram_key(EDGE, 4), bigram_key(4, 5)]]
    assert right.tolist() == [[bigram_key(4, 5), bigram_key(5, EDGE)]]
    with pytest.raises(ValueError, match="must lie in 0…2097151; found 1 and 2097152"):
        bigram_key(1, 2**21)


def test_frequent_bigrams_are_ranked_by_count():
    sequences = [[1, 2, 1, 2], [2, 1, 2], []]
    ranked = frequent_bigrams(sequences, limit=10)
    assert ranked[0] == bigram_key(1, 2) and len(ranked) == 5
    assert set(ranked) == {bigram_key(*p) for p in [(EDGE, 1), (EDGE, 2), (1, 2), (2, 1), (2, EDGE)]}
    assert frequent_bigrams(sequences, limit=2) == ranked[:2]
    assert set(frequent_bigrams(sequences, limit=10, min_count=2)) == {
        bigram_key(*p) for p in [(1, 2), (2, 1), (2, EDGE)]
    }


SLOT = {"kind": "static", "vocab_size": VOCABULARY, "embedding_size": 4, "bigram_vocab_size": 8, "bigram_size": 3}


def test_saved_and_loaded_it_is_the_same(tmp_path):
    holder = Holder(HolderConfig(encoder=SLOT))
    holder.encoder.set_bigrams([bigram_key(1, 2), bigram_key(0, 3)])
    holder.save_pretrained(tmp_path)
    loaded = Holder.from_pretrained(tmp_path)
    assert set(loaded.state_dict()) == set(holder.state_dict())
    assert all(torch.equal(value, holder.state_dict()[name]) for name, value in loaded.state_dict().items())


@pytest.mark.parametrize("missing", [{"bigrams.table", "bigrams.weight"}, {"characters.weight"}, {"bigrams.table"}])
def test_what_a_checkpoint_lacks_is_initialised_and_the_rest_is_kept(tmp_path, missing):
    holder = Holder(HolderConfig(encoder=SLOT))
    with torch.no_grad():
        holder.encoder.characters.weight.fill_(3.0)
        holder.encoder.bigrams.weight.fill_(4.0)
    holder.encoder.set_bigrams([bigram_key(1, 2)])
    state = {name: v for name, v in holder.state_dict().items() if name.removeprefix("encoder.") not in missing}
    holder.save_pretrained(tmp_path, state_dict=state)
    encoder = Holder.from_pretrained(tmp_path).encoder
    for name, value in encoder.state_dict().items():
        if name not in missing:
            assert torch.equal(value, holder.encoder.state_dict()[name]), name
    if "characters.weight" in missing:
        assert not encoder.characters.weight[0].any()
        assert 0.3 < encoder.characters.weight[1:].abs().max() <= math.sqrt(3 / 4)
    if "bigrams.weight" in missing:
        assert 0.3 < encoder.bigrams.weight.abs().max() <= 1
    if "bigrams.table" in missing:
        assert encoder.bigrams.table.tolist() == [NO_KEY] * 7


def test_a_resized_vocabulary_keeps_its_bigrams():
    holder = Holder(HolderConfig(encoder=SLOT)).eval()
    holder.encoder.set_bigrams([bigram_key(5, 6), bigram_key(6, EDGE)])
    ids = torch.tensor([[5, 6]])
    before = holder.encoder(ids).last_hidden_state
    holder.resize_token_embeddings(VOCABULARY + 3)
    assert holder.get_input_embeddings().weight.shape == (VOCABULARY + 3, 4)
    assert torch.equal(holder.encoder(ids).last_hidden_state, before)
    holder.encoder(torch.tensor([[14]]))
