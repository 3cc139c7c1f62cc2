"""The pipeline as a user of transformers meets it: a text, a list, a dataset, a generator."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import islice, permutations
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
from small_tokenizers import CHARACTERS, character_tokenizer
from transformers import BertConfig, BertForTokenClassification, pipeline, set_seed
from transformers.pipelines.pt_utils import KeyDataset

from hf_cner import CnerConfig, CnerForTokenClassification
from hf_cner.modeling.characters import CharacterTable
from hf_cner.modeling.extraction import encode_windows, extract
from hf_cner.modeling.pipeline_cner import ClinicalNerPipeline

TOKENIZER = character_tokenizer()
TABLE = CharacterTable(TOKENIZER)
NOTES = ["患者头痛3天。\r\n血压0。", "", "右侧。头痛，A x\u3000😀天天血压。", "头" * 70, "患者", "天。" * 20]


def small_model() -> Any:
    set_seed(0)
    config = CnerConfig(
        encoder={"kind": "static", "vocab_size": 40, "embedding_size": 12},
        context={"kind": "bilstm", "hidden_size": 8},
        entity_types=["症状", "部位"],
        non_unit_ids=TABLE.non_unit_ids,
        windows={"policy": "sentence", "max_length": 24, "overlap": 8},
    )
    model = CnerForTokenClassification(config)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(4)
    return model.eval()


MODEL = small_model()


def pipe_of(**options: Any) -> ClinicalNerPipeline:
    return ClinicalNerPipeline(MODEL, TOKENIZER, task="clinical-ner", device=-1, **options)


PIPE = pipe_of()


def plain(output: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return [(span["start"], span["end"], span["type"]) for span in output]


def test_one_text_gives_one_list_of_entities_with_exact_offsets() -> None:
    found = 0
    for note in NOTES:
        for span in PIPE(note):
            assert set(span) == {"start", "end", "type", "text", "score"}
            assert note[span["start"] : span["end"]] == span["text"] != ""
            assert span["type"] in MODEL.config.entity_types and 0 < span["score"] <= 1
            found += 1
    assert found > 5
    assert PIPE("") == []
    assert PIPE({"text": NOTES[0]}) == PIPE(NOTES[0])


def test_it_gives_what_the_core_gives() -> None:
    spans = extract(MODEL, encode_windows(NOTES, TABLE, MODEL.config.windows), len(NOTES), table=TABLE).spans
    assert [[tuple(span.values())[:3] for span in output] for output in PIPE(NOTES)] == [
        [span[:3] for span in document] for document in spans
    ]


@pytest.mark.parametrize("batch_size", [1, 2, 4, 64])
def test_batch_size_changes_no_result(batch_size: int) -> None:
    precise = ClinicalNerPipeline(copy.deepcopy(MODEL).double(), TOKENIZER, task="clinical-ner", device=-1)
    outputs, alone = precise(NOTES, batch_size=batch_size), [precise(note) for note in NOTES]
    assert [plain(output) for output in outputs] == [plain(output) for output in alone]
    for output, single in zip(outputs, alone, strict=True):
        assert [span["score"] for span in output] == pytest.approx([span["score"] for span in single], abs=1e-12)


def test_batch_size_really_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    forward = MODEL.forward

    def watched(*args: Any, **options: Any) -> Any:
        passes.append(len(options["input_ids"]))
        return forward(*args, **options)

    monkeypatch.setattr(MODEL, "forward", watched)
    texts = list(map("".join, islice(permutations("患者头痛。"), 12)))
    PIPE(texts, batch_size=4)
    assert passes == [4, 4, 4]
    passes.clear()
    pipe_of(batch_size=6)(texts)
    assert passes == [6, 6]
    passes.clear()
    PIPE(texts)
    assert passes == [12]


def test_the_task_is_known_to_transformers(tmp_path: Path) -> None:
    MODEL.save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    loaded = pipeline("clinical-ner", model=str(tmp_path), device="cpu", batch_size=2, local_files_only=True)
    assert type(loaded) is ClinicalNerPipeline
    assert loaded(NOTES) == PIPE(NOTES, batch_size=2)


def test_datasets_and_generators_stream() -> None:
    expected = [plain(PIPE(note)) for note in NOTES]
    rows = datasets.Dataset.from_dict({"text": NOTES, "id": list(map(str, range(len(NOTES))))})
    for source in (rows, KeyDataset(rows, "text"), rows.to_iterable_dataset(), (note for note in NOTES), iter(NOTES)):
        outputs = PIPE(source, batch_size=4)
        assert isinstance(outputs, Iterator)
        assert [plain(output) for output in outputs] == expected
    assert PIPE(tuple(NOTES)) == PIPE(NOTES)
    assert PIPE([]) == [] and list(PIPE(iter([]))) == []


def test_a_generator_is_read_no_further_than_one_batch() -> None:
    read: list[int] = []

    def endless() -> Iterator[str]:
        for number in range(1_000_000):
            read.append(number)
            yield "患者头痛。"

    outputs = PIPE(endless(), batch_size=3)
    assert read == []
    next(outputs)
    assert len(read) == 3
    next(outputs), next(outputs)
    assert len(read) == 3
    next(outputs)
    assert len(read) == 6
    one = PIPE(endless())
    read.clear()
    next(one)
    assert len(read) == 1


def test_options_work_in_the_constructor_and_in_a_call() -> None:
    note = NOTES[2]
    assert {span["score"] for span in PIPE(note, scores=False)} == {None}
    assert {span["score"] for span in pipe_of(scores=False)(note)} == {None}
    assert plain(PIPE(note, max_tokens=1)) == plain(PIPE(note))
    encoded = PIPE.preprocess(note, windows={"policy": "stride", "max_length": 9, "overlap": 3})["encoded"]
    assert max(item.window.end - item.window.start for item in encoded) == 9
    assert PIPE(note, windows={"max_length": 9, "overlap": 3}) == pipe_of(windows={"max_length": 9, "overlap": 3})(note)


def test_bad_input_is_named() -> None:
    with pytest.raises(TypeError, match=r"takes texts \(str\), or rows with the key \"text\"; got int"):
        PIPE([3])
    with pytest.raises(TypeError, match=r"got dict with the keys \['note'\]"):
        PIPE({"note": "患者"})
    with pytest.raises(TypeError, match="takes a text, a list of texts or a dataset; got int"):
        PIPE(3)
    with pytest.raises(ValueError, match="batch_size is -1; it must be at least 1"):
        PIPE(["患者"], batch_size=-1)
    with pytest.raises(TypeError, match="aggregation_strategy"):
        PIPE("患者", aggregation_strategy="simple")


def test_another_package_s_model_is_refused() -> None:
    sizes = {"vocab_size": 40, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    other = BertForTokenClassification(BertConfig(**sizes, intermediate_size=8))
    with pytest.raises(ValueError, match="needs a model of hf_cner with a decoder; BertForTokenClassification is none"):
        ClinicalNerPipeline(other, TOKENIZER, device=-1)
    with pytest.raises(ValueError, match="needs a tokenizer"):
        ClinicalNerPipeline(MODEL, None, device=-1)


def test_characters_of_the_vocabulary_are_known() -> None:
    assert TOKENIZER.unk_token_id not in TABLE.ids(CHARACTERS)
