"""The question-answering model: one pass equals type by type, cached questions, unseen types, save and reload."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from cases import ENCODERS, NON_UNITS, TYPES, VOCABULARY
from closeness import assert_close
from transformers import AutoConfig, AutoModel, AutoModelForQuestionAnswering, set_seed

from hf_cner import CnerForQuestionAnswering, CnerMrcConfig
from hf_cner.modeling.interaction import INTERACTIONS
from hf_cner.modeling.mrc_decoders import MRC_DECODERS

QUERIES = {TYPES[0]: "疾病有哪些", TYPES[1]: "部位有哪些？"}
QUERY_IDS = {TYPES[0]: [2, 20, 21, 22, 3], TYPES[1]: [2, 30, 31, 22, 23, 3]}

CASES: dict[str, dict[str, Any]] = {
    "static": {"encoder": ENCODERS["static"]},
    "bert": {"encoder": ENCODERS["bert"], "context": {"kind": "none"}},
    "two-steps": {"encoder": ENCODERS["bert"], "interaction": {"kind": "separate", "attention_layers": 2, "layers": 0}},
    "joint": {"encoder": ENCODERS["bert"], "context": {"kind": "none"}, "interaction": {"kind": "joint"}},
    "joint-static": {"encoder": ENCODERS["static"], "interaction": {"kind": "joint"}},
    "all-classes": {"encoder": ENCODERS["static"], "span_decoder": {"kind": "biaffine", "classes": "all"}},
    "banded": {
        "encoder": ENCODERS["static"],
        "span_decoder": {"kind": "biaffine", "max_width": 3, "position": "relative"},
    },
    "tags": {"encoder": ENCODERS["static"], "span_decoder": {"kind": "tags"}},
    "pointers": {"encoder": ENCODERS["static"], "span_decoder": {"kind": "pointers"}},
}
CASES |= {
    f"{slot}-{kind}": {"encoder": ENCODERS["static"], slot: {"kind": kind}}
    for slot, table, met in (
        ("span_decoder", MRC_DECODERS, {"biaffine", "tags", "pointers"}),
        ("interaction", INTERACTIONS, {"separate", "joint"}),
    )
    for kind in sorted(set(table) - met)
}


class FakeTokenizer:
    """Ids of a question for tests: its length decides them."""

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [2, *(4 + (ord(c) % (VOCABULARY - 4)) for c in text), 3]}


def model_of(case: dict[str, Any]) -> CnerForQuestionAnswering:
    set_seed(0)
    config = CnerMrcConfig(entity_types=TYPES, queries=QUERIES, query_ids=QUERY_IDS, non_unit_ids=NON_UNITS, **case)
    model = CnerForQuestionAnswering(config).eval()
    for parameter in model.span_decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


def batch(lengths: tuple[int, ...] = (9, 4, 1)) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    ids = torch.zeros(len(lengths), max(lengths) + 2, dtype=torch.long)
    for row, length in enumerate(lengths):
        ids[row, : length + 2] = torch.tensor([2, *torch.randint(4, VOCABULARY, (length,), generator=generator), 3])
    return {"input_ids": ids, "attention_mask": (ids != 0).long()}


LABELS = torch.tensor(
    [[[0, 2, 0], [0, 2, 1], [3, 5, 1]], [[1, 2, 1], *[[-100] * 3] * 2], [[0, 1, 0], *[[-100] * 3] * 2]]
)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_loss_and_gradients_are_finite(case: dict[str, Any]) -> None:
    model = model_of(case).train()
    output = model(**batch(), labels=LABELS)
    assert torch.isfinite(output.loss) and output.loss > 0
    output.loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    assert model.get_input_embeddings().weight.grad.abs().sum() > 0


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_pass_equals_type_by_type(case: dict[str, Any]) -> None:
    model = model_of(case).double()
    inputs = batch()
    with torch.no_grad():
        together = model(**inputs).emissions
        units = model.unit_mask(**inputs)
        spans = model.decode(together, units, scores=True)
        for number, name in enumerate(TYPES):
            model.span_decoder.set_labels([name])
            model.query_ids = [QUERY_IDS[name]]
            alone = model(**inputs).emissions
            axis = 3 if case.get("span_decoder", {}).get("kind", "biaffine") == "biaffine" else 2
            for row, count in enumerate(units.sum(1).tolist()):
                assert_close(
                    together[row, :count].select(axis - 1, number),
                    alone[row, :count].select(axis - 1, 0),
                    beside=together,
                )
            own = model.decode(alone, units)
            if case.get("span_decoder", {}).get("kind") == "tags":  # nothing crosses types here: exactly the same spans
                for whole, single in zip(spans, own, strict=True):
                    assert [s[:3] for s in whole if s[2] == name] == [s[:3] for s in single]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_padding_and_batching_change_nothing(case: dict[str, Any]) -> None:
    model = model_of(case).double()
    inputs = batch((9, 4, 1))
    with torch.no_grad():
        whole = model.unit_rows(model(**inputs).emissions, model.unit_mask(**inputs))
        for row, length in enumerate((9, 4, 1)):
            one = {name: tensor[row : row + 1, : length + 2] for name, tensor in inputs.items()}
            alone = model.unit_rows(model(**one).emissions, model.unit_mask(**one))[0]
            mine, theirs = model.filter_window(whole[row], 0, length, 7), model.filter_window(alone, 0, length, 7)
            assert_close(mine, theirs, beside=whole[row])


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_saved_model_comes_back_with_equal_scores_and_queries(case: dict[str, Any], tmp_path: Path) -> None:
    model = model_of(case)
    model.save_pretrained(tmp_path)
    again = AutoModelForQuestionAnswering.from_pretrained(tmp_path)
    assert type(again) is CnerForQuestionAnswering and again.config.queries == QUERIES
    inputs = batch()
    with torch.no_grad():
        assert torch.equal(model(**inputs).emissions, again(**inputs).emissions)
    assert set(model.state_dict()) == set(CnerForQuestionAnswering(model.config).state_dict())  # no kept question
    base = AutoModel.from_pretrained(tmp_path)
    assert torch.equal(base(**inputs).last_hidden_state, model.cner(**inputs).last_hidden_state)
    assert AutoConfig.from_pretrained(tmp_path).model_type == "cner-mrc"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_questions_that_come_along_give_what_is_computed_anew(case: dict[str, Any]) -> None:
    model = model_of(case)
    inputs, constant = batch(), model.constant_inputs()
    assert set(constant) == (set() if model.interaction.joint else {"questions"})
    with torch.no_grad():
        assert torch.equal(model(**inputs, **constant).emissions, model(**inputs).emissions)


def test_no_call_takes_questions_of_weights_or_questions_that_have_changed() -> None:
    """Nothing is kept between calls: what was encoded before is used only where it is given."""
    model = model_of(CASES["bert"])
    inputs = batch()
    with torch.no_grad():
        kept, before = model.encode_questions(), model(**inputs).emissions
        model.get_input_embeddings().weight.data.mul_(0.5)
        after = model(**inputs).emissions
        assert not torch.allclose(after, before)
        assert not torch.equal(model(**inputs, questions=kept).emissions, after)
        model.set_queries({"新类型": "有哪些新的？"}, FakeTokenizer())
        assert model(**inputs).emissions.shape[3] == 1
    assert model(**inputs).emissions.requires_grad
    assert len(copy.deepcopy(model).state_dict()) == len(model.state_dict())


def test_a_type_that_training_did_not_know_can_be_asked() -> None:
    model = model_of(CASES["static"])
    model.set_queries({"检查": "做了哪些检查？", TYPES[1]: QUERIES[TYPES[1]]}, FakeTokenizer())
    inputs = batch((12, 9))
    with torch.no_grad():
        found = model.decode(model(**inputs).emissions, model.unit_mask(**inputs), scores=True)
    kinds = {name for spans in found for _, _, name, _ in spans}
    assert kinds <= {"检查", TYPES[1]} and "检查" in kinds
    fixed = model_of(CASES["all-classes"])
    with pytest.raises(ValueError, match="has no class in this checkpoint"):
        fixed.set_queries({"检查": "做了哪些检查？"}, FakeTokenizer())


def test_a_model_that_is_saved_with_other_questions_asks_them_again(tmp_path: Path) -> None:
    decoders = [{"thresholds": {TYPES[0]: 0.3, TYPES[1]: 0.4}}, {"classes": "all", "thresholds": {TYPES[0]: 0.3}}]
    for decoder in decoders:
        model = model_of({"encoder": ENCODERS["static"], "span_decoder": {"kind": "biaffine", **decoder}})
        before = model(**batch()).emissions
        model.set_queries({TYPES[1]: QUERIES[TYPES[1]]}, FakeTokenizer())
        assert model.config.entity_types == [TYPES[1]] and model.config.num_labels == 1
        model.save_pretrained(tmp_path)
        again = CnerForQuestionAnswering.from_pretrained(tmp_path)
        assert again.config.queries == {TYPES[1]: QUERIES[TYPES[1]]} and again.config.id2label == {0: TYPES[1]}
        assert torch.equal(model(**batch()).emissions, again(**batch()).emissions)
        again.set_queries(QUERIES, FakeTokenizer())  # what it once knew can be asked again
        again.query_ids = list(QUERY_IDS.values())
        assert_close(again(**batch()).emissions, before)


def test_types_may_come_from_the_queries_alone() -> None:
    config = CnerMrcConfig(queries=QUERIES)
    assert config.entity_types == TYPES and config.label2id == {TYPES[0]: 0, TYPES[1]: 1}


def test_all_classes_stay_within_one_question() -> None:
    model = model_of(CASES["all-classes"])
    inputs = batch((5,))
    emissions = model(**inputs).emissions
    assert emissions.shape == (1, 7, 7, 2, 3)
    probabilities = model.span_decoder.probabilities(emissions)
    for number in range(2):
        assert_close(probabilities[..., number], emissions[..., number, :].softmax(-1)[..., number + 1])


def test_spans_of_different_types_may_lie_on_each_other() -> None:
    model = model_of(CASES["static"])
    table = torch.tensor([[0, 4, 0, 0.9], [0, 2, 1, 0.8], [0, 4, 1, 0.7]], dtype=torch.float64)
    assert model.decode([table])[0] == [(0, 2, TYPES[1], None), (0, 4, TYPES[0], None), (0, 4, TYPES[1], None)]


def test_losses_equal_slow_versions() -> None:
    inputs = batch((5,))
    labels = torch.tensor([[[0, 2, 0], [1, 4, 1]]])
    for name in ("static", "all-classes", "tags", "pointers"):
        model = model_of(CASES[name]).double()
        output = model(**inputs, labels=labels, num_items_in_batch=1)
        scores, expected = output.emissions[0], torch.tensor(0.0).double()
        gold = {(0, 2, 0), (1, 4, 1)}
        for number in range(2):
            if name in ("static", "all-classes"):
                for s in range(5):
                    for e in range(s + 1, 6):
                        asked = (s, e, number) in gold
                        here = scores[s, e - s - 1, number]
                        both = torch.stack([torch.zeros_like(here), here]) if name == "static" else here
                        target = (1 if name == "static" else number + 1) if asked else 0
                        expected = expected - both.log_softmax(-1)[target]
            elif name == "tags":
                tags = [[1, 2, 0, 0, 0], [0, 1, 2, 2, 0]][number]
                expected = expected - sum(scores[i, number].log_softmax(-1)[t] for i, t in enumerate(tags))
            else:
                start, end = [(0, 1), (1, 3)][number]
                for i in range(5):
                    for column, place in enumerate((start, end)):
                        score = scores[i, number, column]
                        expected = expected - torch.nn.functional.logsigmoid(score if i == place else -score)
        assert_close(output.loss, expected)


def test_bad_questions_get_one_sentence() -> None:
    base = {"entity_types": TYPES, "non_unit_ids": NON_UNITS}
    with pytest.raises(ValueError, match="No query for the type '身体部位'"):
        CnerMrcConfig(queries={TYPES[0]: "疾病？"}, **base)
    with pytest.raises(ValueError, match="is empty"):
        CnerMrcConfig(queries={TYPES[0]: "疾病？", TYPES[1]: "  "}, **base)
    with pytest.raises(ValueError, match=r"There is a query for '药物', which is none of the types"):
        CnerMrcConfig(queries={**QUERIES, "药物": "药物？"}, **base)
    with pytest.raises(ValueError, match=r"entity_types names \['药物'\] more than once"):
        CnerMrcConfig(entity_types=["药物", "药物"])
    with pytest.raises(ValueError, match="have the same query"):
        CnerMrcConfig(queries=dict.fromkeys(TYPES, "有哪些？"), **base)
    with pytest.raises(ValueError, match=r"The query '有哪些？' has no type"):
        CnerMrcConfig(queries={" ": "有哪些？"})
    for ids in ({TYPES[0]: [5]}, {**QUERY_IDS, "药物": [5]}):  # with one list too few, types would take others' answers
        with pytest.raises(ValueError, match="query_ids must hold one list for each of"):
            CnerMrcConfig(queries=QUERIES, query_ids=ids, **base)
    model = model_of(CASES["bert"])
    with pytest.raises(ValueError, match="has 82 tokens, and the encoder takes 64"):
        model.set_queries({TYPES[0]: "长" * 80}, FakeTokenizer())
    with pytest.raises(ValueError, match="No queries given"):
        model.set_queries({}, FakeTokenizer())
    with pytest.raises(ValueError, match="has no queries"):
        CnerForQuestionAnswering(CnerMrcConfig(entity_types=TYPES))(**batch())
    with pytest.raises(ValueError, match="Unknown classes 'some'"):
        model_of({"span_decoder": {"kind": "biaffine", "classes": "some"}})


def test_the_model_learns_nested_answers() -> None:
    """A span of one type inside a span of another: told apart after a few steps on one text."""
    set_seed(0)
    start = CnerMrcConfig(
        entity_types=TYPES, queries=QUERIES, query_ids=QUERY_IDS, non_unit_ids=NON_UNITS, **CASES["static"]
    )
    model = CnerForQuestionAnswering(start).train()
    inputs = batch((8,))
    labels = torch.tensor([[[1, 6, 0], [2, 4, 1], [1, 6, 1]]])
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=400)  # at a constant rate it jumps
    for _ in range(400):
        optimizer.zero_grad()
        model(**inputs, labels=labels).loss.backward()
        optimizer.step()
        falling.step()
    model.eval()
    found = model.decode(model(**inputs).emissions, model.unit_mask(**inputs))[0]
    assert [s[:3] for s in found] == [(1, 6, TYPES[0]), (1, 6, TYPES[1]), (2, 4, TYPES[1])]


@pytest.mark.parametrize(("one", "other"), [(20, 22), (22, 20)])
def test_tags_are_decoded_over_the_whole_document(one: int, other: int) -> None:
    decoder = model_of(CASES["tags"]).span_decoder

    def window(first: int, end: int) -> torch.Tensor:
        """24 characters from `first` on, read as a mention from 12 to `end`."""
        emissions = torch.tensor([0.0, -9.0, -9.0]).repeat(24, 2, 1)
        emissions[12 - first, 0] = torch.tensor([-9.0, 0.0, -9.0])
        emissions[13 - first : end - first, 0] = torch.tensor([-9.0, -9.0, 0.0])
        return emissions

    # Two windows, cut at 16, that disagree on where the mention ends: the one in which that lies decides.
    whole = torch.cat(
        [decoder.filter_window(window(0, one), 0, 16, 0), decoder.filter_window(window(8, other), 8, 24, 8)]
    )
    assert [span[:3] for span in decoder.decode([whole])[0]] == [(12, other, TYPES[0])]


def test_an_unknown_type_has_a_sentence_in_every_decoder() -> None:
    labels = LABELS.clone()
    labels[0, 0, 2] = 5
    for name in ("tags", "pointers", "static"):
        with pytest.raises(ValueError, match="labels hold the type 5; the types have the numbers 0 to 1"):
            model_of(CASES[name])(**batch(), labels=labels)
