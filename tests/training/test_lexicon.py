"""The words of a lattice encoder: where they come from, what is left out, and that a run writes it down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_runs import WORDS, notes

from hf_cner import Document, Predictor, Span
from hf_cner.data.tokenizer import build_character_tokenizer
from hf_cner.data.vectors import write_word2vec
from hf_cner.settings.merging import merge
from hf_cner.settings.training import LexiconSettings, TrainSettings
from hf_cner.training.build import build
from hf_cner.training.lexicon import word_list
from hf_cner.training.run import train_on

TYPES = list(WORDS)
DOCUMENTS = notes(40, 1)
MENTIONS = {word for words in WORDS.values() for word in words if len(word) > 1}  # 肝 has one character


def settings(*, lexicon: dict[str, Any] | None = None, **sections: Any) -> dict[str, Any]:
    own = {
        "model": {
            "encoder": {"kind": "lattice", "embedding_size": 8, "word_size": 6, "hidden_size": 8},
            "windows": {"max_length": 24, "overlap": 8},
        },
        "lexicon": lexicon or {},
        "training": {"num_train_epochs": 12, "learning_rate": 0.03, "use_cpu": True, "disable_tqdm": True},
        "data": {"corpus": "jsonl"},
    }
    return merge(merge(TrainSettings().to_dict(), own), sections)


def words_of(model: Any, tokenizer: Any) -> set[str]:
    """The words that stand in a model's tables, read back from the tree."""
    embedding, found = model.cner.encoder.words, {0: ""}
    names = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    for number, key in enumerate(embedding.edges.tolist(), 1):
        parent, last = divmod(key, 2**21)
        found[number] = found[parent] + names[last]
    return {found[number] for number, row in enumerate(embedding.rows.tolist(), 1) if row >= 0}


def test_the_mentions_of_the_training_documents_are_the_words() -> None:
    written: dict[str, Any] = {}
    model, tokenizer = build(settings(), DOCUMENTS, TYPES, notes=written)
    assert words_of(model, tokenizer) == MENTIONS
    options = model.config.encoder
    assert (options["lexicon_size"], options["longest_word"]) == (len(MENTIONS), 4)
    assert options["lexicon_nodes"] == len({w[:k] for w in MENTIONS for k in range(1, len(w) + 1)})
    counts = {"words": len(MENTIONS), "with_vectors": 0, "in_no_training_text": 0, "left_out": 1}
    assert written == {"lexicon": counts}


def test_a_list_and_vectors_join_the_mentions(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("患者\n咳嗽\n鼠疫\n今日查体示无\n", encoding="utf-8")
    write_word2vec(tmp_path / "v.txt", ["患者", "头晕", "者今", "肝"], np.arange(20, dtype=np.float32).reshape(4, 5))
    sources = {"path": str(tmp_path / "words.txt"), "vectors": str(tmp_path / "v.txt"), "max_length": 5}
    written: dict[str, Any] = {}
    asked = settings(lexicon=sources, model={"encoder": {"word_size": None}})
    model, tokenizer = build(asked, DOCUMENTS, TYPES, notes=written)
    assert words_of(model, tokenizer) == MENTIONS | {"患者", "者今"}
    encoder = model.cner.encoder
    ids = torch.tensor([tokenizer("患者头晕")["input_ids"]])
    found = encoder.words.find(ids, torch.ones_like(ids, dtype=torch.bool))
    assert encoder.words(found.word).tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    about = written["lexicon"]
    assert (about["words"], about["with_vectors"], about["in_no_training_text"]) == (len(MENTIONS) + 2, 3, 1)
    assert about["left_out"] == 3  # 肝 is too short, 今日查体示无 too long, and the texts do not know 鼠疫


def test_words_that_the_tokenizer_cannot_tell_apart_are_one() -> None:
    document = Document("查CT示Ct影", (Span(1, 3, "检查"), Span(4, 6, "检查")))
    tokenizer = build_character_tokenizer(sorted(set("查示影ct")), lower_case=True)
    vectors = {"ct": np.ones(2), "cT": np.zeros(2)}
    words = word_list(LexiconSettings(), [document], vectors, tokenizer)
    (only,) = words.words
    assert only == tuple(tokenizer("CT")["input_ids"]) and words.vectors[only].tolist() == [1, 1]
    assert words.unused == 0


@pytest.mark.parametrize(
    ("lexicon", "sentence"),
    [
        ({"from_training": False}, r"The lexicon is empty: 0 words were found, none with 2 to 16 known characters"),
        ({"min_length": 9}, r"The lexicon is empty: 8 words were found, none with 9 to 16 known characters"),
        (
            {"min_length": 1},
            r"lexicon\.min_length is 1 and lexicon\.max_length 16; a lattice takes words of at least 2",
        ),
        ({"min_length": 4, "max_length": 3}, r"min_length is 4 and lexicon\.max_length 3"),
        ({"path": "nowhere.txt"}, r"nowhere\.txt"),
    ],
)
def test_a_lexicon_that_cannot_be_is_one_sentence(lexicon: dict[str, Any], sentence: str) -> None:
    with pytest.raises((ValueError, OSError), match=sentence):
        build(settings(lexicon=lexicon), DOCUMENTS, TYPES)


def test_vectors_of_another_size_are_refused(tmp_path: Path) -> None:
    write_word2vec(tmp_path / "v.txt", ["患者"], np.zeros((1, 5), dtype=np.float32))
    with pytest.raises(ValueError, match=r"word_size is 6, but lexicon\.vectors holds vectors of size 5"):
        build(settings(lexicon={"vectors": str(tmp_path / "v.txt")}), DOCUMENTS, TYPES)


def test_a_run_learns_writes_its_lexicon_down_and_leaves_a_model_that_carries_it(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("患者今日\n者患\n", encoding="utf-8")
    own = settings(lexicon={"path": str(words)}, output_dir=str(tmp_path / "run"))
    parts = {"train": DOCUMENTS, "dev": notes(20, 2)}
    results = train_on(parts, TYPES, own)
    assert results["metrics"]["dev"]["strict"]["micro"]["f1"] > 0.9
    assert results["data"]["lexicon"]["words"] == len(MENTIONS) + 2
    assert results["data"]["lexicon"]["in_no_training_text"] == 2
    words.unlink()
    predicted = list(Predictor.from_pretrained(tmp_path / "run").predict(parts["dev"]))
    correct = sum(len(set(one.spans) & set(gold.spans)) for one, gold in zip(predicted, parts["dev"], strict=True))
    assert correct == results["metrics"]["dev"]["strict"]["micro"]["tp"]
