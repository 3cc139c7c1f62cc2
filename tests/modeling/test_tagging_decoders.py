"""The decoders that give one tag to each unit: what they emit, what their logits mean, and what goes into the loss."""

from __future__ import annotations

import pytest
import torch
from cases import TYPES
from closeness import assert_close
from crf_cases import MASKS, all_paths, rows, slow_log_likelihood

from hf_cner.modeling.labels import IGNORED
from hf_cner.modeling.schemes import tag_names
from hf_cner.modeling.tagging_decoders import (
    HIGHEST_OTHER_LOGIT,
    LOWEST_LOGIT,
    CrfDecoder,
    SoftmaxDecoder,
    TaggingDecoder,
)

TAGS = tag_names("BIO", ["药物"])


@pytest.mark.parametrize("kind", [SoftmaxDecoder, CrfDecoder])
def test_emissions_are_the_projection_in_fp32_and_zero_where_no_unit_is(kind: type[TaggingDecoder]) -> None:
    torch.manual_seed(0)
    decoder = kind(6, TAGS, scheme="BIO", dropout=0.5).eval()
    mask = torch.tensor(MASKS["holes"]).bool()
    vectors = torch.randn(3, 5, 6)
    emissions = decoder(vectors, mask)
    assert emissions.dtype == torch.float32 and emissions.shape == (3, 5, 3)
    assert_close(emissions, (vectors @ decoder.projection.weight.T + decoder.projection.bias) * mask[..., None])
    assert decoder.bfloat16()(vectors.bfloat16(), mask).dtype == torch.float32
    dropped = decoder.float().train()(torch.ones(200, 5, 6), torch.ones(200, 5).bool())
    assert dropped.std(0).min() > 0  # the same vectors, of which other components are left out


@pytest.mark.parametrize("kind", [SoftmaxDecoder, CrfDecoder])
def test_rows_are_the_units_of_each_row(kind: type[TaggingDecoder]) -> None:
    mask = torch.tensor(MASKS["empty"]).bool()
    emissions = torch.arange(45.0).view(3, 5, 3)
    found = kind(6, TAGS, scheme="BIO").rows(emissions, mask)
    expected = [[emissions[row, place] for place in range(5) if mask[row, place]] for row in range(3)]
    assert [part.tolist() for part in found] == [[vector.tolist() for vector in row] for row in expected]


def test_a_unit_without_a_label_goes_into_no_loss() -> None:
    decoder = SoftmaxDecoder(6, TAGS, scheme="BIO")
    units = torch.tensor([[True, True, False]])
    labels = torch.tensor([[IGNORED, 1, 2]])
    assert decoder.scored(labels, units).tolist() == [[False, True, False]]
    emissions = torch.randn(1, 3, 3)
    own = -emissions[0, 1].log_softmax(-1)[1]
    for mask in (units, decoder.scored(labels, units)):
        assert_close(decoder.loss(emissions, labels, mask), own)


def test_documents_decoded_together_are_those_decoded_alone() -> None:
    """What stands behind a shorter document has no part in its path, although padding is cheap to go through."""
    decoder = CrfDecoder(6, TAGS, scheme="BIO", constrained=False)
    with torch.no_grad():
        decoder.crf.start_transitions.zero_()
        decoder.crf.end_transitions.copy_(torch.tensor([0.0, -8.0, -8.0]))  # a text ends outside
        decoder.crf.transitions.copy_(torch.tensor([[0.0, 0.0, -9.0], [0.0, -9.0, 3.0], [0.0, -9.0, 3.0]]))
    inside = torch.tensor([[0.0, 4.0, 0.0], [0.0, 0.0, 3.0], [0.0, 0.0, 3.0]])
    documents = [inside, torch.cat([inside, torch.zeros(4, 3)]), inside[:1]]
    for scores in (False, True):
        assert decoder.decode(documents, scores=scores) == [
            decoder.decode([one], scores=scores)[0] for one in documents
        ]
    assert decoder.decode(documents[:1]) != decoder.decode(documents[1:2])


@pytest.mark.parametrize("kind", [SoftmaxDecoder, CrfDecoder])
def test_by_default_the_scheme_is_bioes_and_nothing_is_dropped(kind: type[TaggingDecoder]) -> None:
    decoder = kind(6, tag_names("BIOES", ["药物"]))
    assert decoder.scheme == "BIOES" and decoder.has_tags and decoder.dropout.p == 0
    assert kind(6, TAGS, scheme="BIO", dropout=0.3).dropout.p == 0.3


def test_a_crf_is_constrained_where_it_should_be_and_its_labels_are_tags() -> None:
    assert CrfDecoder(6, TAGS, scheme="BIO").crf.constraints is not None
    assert CrfDecoder(6, TAGS, scheme="BIO", constrained=False).crf.constraints is None
    free = CrfDecoder(6, ["名", "动"], scheme="BIO")
    assert free.crf.constraints is None
    logits = free.logits(torch.zeros(1, 2, 2), torch.tensor([[True, False]]))
    assert logits[0, 1].tolist() == [0.0, LOWEST_LOGIT]  # without a label O the first one stands where no unit is


def test_of_equal_paths_the_decoded_one_stands_out_in_the_logits_in_16_bits_too() -> None:
    decoder = CrfDecoder(6, TAGS, scheme="BIO", constrained=False)
    for parameter in decoder.crf.parameters():
        torch.nn.init.zeros_(parameter)
    logits = decoder.logits(torch.zeros(1, 4, 3), torch.ones(1, 4).bool()).bfloat16()
    assert ((logits == 0).sum(-1) == 1).all() and logits.sort(-1).values[..., 1].max() < 0


def test_the_loss_of_a_crf_is_that_of_its_units_alone() -> None:
    torch.manual_seed(0)
    decoder = CrfDecoder(6, TAGS, scheme="BIO").double()
    mask = torch.tensor(MASKS["ragged"]).bool()
    emissions = torch.randn(3, 5, 3).double()
    labels = torch.tensor([[1, 2, 0, 1, 2], [0, 1, 2, 0, 1], [1, 0, 0, 0, 0]])  # what lies behind the units counts not
    assert_close(
        decoder.loss(emissions, labels, mask), -slow_log_likelihood(decoder.crf, emissions, labels, mask).sum()
    )


@pytest.mark.parametrize("kind", [SoftmaxDecoder, CrfDecoder])
def test_documents_of_different_lengths_are_decoded_as_each_alone(kind: type[TaggingDecoder]) -> None:
    torch.manual_seed(0)
    decoder = kind(6, tag_names("BIO", TYPES), scheme="BIO").double()
    documents = [3 * torch.randn(length, 5).double() for length in (7, 1, 12, 0, 4)]
    together = decoder.decode(documents, scores=True)
    alone = [decoder.decode([document], scores=True)[0] for document in documents]
    assert [[span[:3] for span in spans] for spans in together] == [[span[:3] for span in spans] for spans in alone]
    assert sum(map(len, together)) >= 6
    for one, other in zip(together, alone, strict=True):
        assert [span[3] for span in one] == pytest.approx([span[3] for span in other], abs=1e-12)
    assert decoder.decode([]) == []


def test_what_tags_cannot_express_is_said() -> None:
    a, b = TYPES
    spans = [(0, 4, a), (1, 3, b), (6, 8, a), (7, 9, b)]
    assert SoftmaxDecoder(6, TAGS, scheme="BIO").inexpressible(spans) == [
        ((1, 3, b), "nested"),
        ((7, 9, b), "crossing"),
    ]


def test_scores_are_given_where_they_are_asked_for() -> None:
    emissions = torch.tensor([[0.0, 9.0, 0.0], [0.0, 0.0, 9.0], [9.0, 0.0, 0.0]])
    for decoder in (SoftmaxDecoder(6, TAGS, scheme="BIO"), CrfDecoder(6, TAGS, scheme="BIO")):
        assert decoder.decode([emissions]) == [[(0, 2, "药物", None)]]
        [[(start, end, _, score)]] = decoder.decode([emissions], scores=True)
        assert (start, end) == (0, 2) and score is not None and 0.99 < score < 1


def test_logits_of_a_softmax_are_its_emissions() -> None:
    emissions = torch.randn(3, 4, 3)
    assert SoftmaxDecoder(6, TAGS, scheme="BIO").logits(emissions, torch.ones(3, 4).bool()) is emissions


@pytest.mark.parametrize("case", MASKS)
@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_logits_of_a_crf_are_max_marginals_below_the_decoded_tag(case: str, scale: float) -> None:
    """The best path's tags have 0, every other tag what the best path through it lacks, within bounds."""
    torch.manual_seed(1)
    decoder = CrfDecoder(6, ["B-药物", "O", "I-药物"], scheme="BIO").double()  # O is not the first label
    for parameter in decoder.crf.parameters():
        torch.nn.init.normal_(parameter)
    mask = torch.tensor(MASKS[case]).bool()
    emissions = scale * torch.randn(*mask.shape, 3).double()
    logits = decoder.logits(emissions, mask)
    assert logits.dtype == torch.float32 and logits.shape == emissions.shape
    expected = torch.full(emissions.shape, LOWEST_LOGIT)
    expected[..., 1] = 0.0  # where no tag stands
    for row, columns, here in rows(emissions, mask):
        paths, score = all_paths(decoder.crf, here)
        best = int(score.argmax())
        for place, column in enumerate(columns.tolist()):
            for tag in range(3):
                lacking = (score[paths[:, place] == tag].max() - score[best]).item()
                bounded = min(max(lacking, LOWEST_LOGIT), HIGHEST_OTHER_LOGIT)
                expected[row, column, tag] = 0.0 if tag == paths[best, place] else bounded
    torch.testing.assert_close(logits, expected, rtol=1e-6, atol=1e-6)  # fp32
    assert (logits.argmax(-1) == expected.argmax(-1)).all()
    assert ((logits == 0).sum(-1) == 1).all() and logits.min() >= LOWEST_LOGIT
