"""Tiny encoders with random weights, written by hand in the shapes in which the world publishes them."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from safetensors.torch import save_file
from small_runs import CHARACTERS
from torch import Tensor
from transformers import AutoConfig, AutoModel, BertTokenizer, PreTrainedModel

PIECES = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *CHARACTERS, "##热")
SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
OPTIONS: dict[str, dict[str, Any]] = {
    "xlnet": {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 16},
    "albert": {**SIZES, "embedding_size": 8},
    "longformer": {**SIZES, "attention_window": [8, 8]},
    "distilbert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 16},
}
# How a file says its names -> what is put before the encoder's names, whether LayerNorm has gamma and beta.
STYLES: dict[str, tuple[str, bool]] = {
    "bare": ("", False),
    "own": ("{}.", False),
    "old": ("{}.", True),
    "parallel": ("module.{}.", False),
    "wrapped": ("model.{}.", True),
}
HEADS = ("cls.predictions.bias", "cls.seq_relationship.weight", "classifier.weight", "qa_outputs.bias", "lm_loss.bias")
SPECIALS_OF_SENTENCE_PIECES = {
    "xlnet": {"unk_id": 0, "control_symbols": ["<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]},
    "albert": {
        **{"pad_id": 0, "unk_id": 1, "bos_id": -1, "eos_id": -1, "pad_piece": "<pad>", "unk_piece": "<unk>"},
        "control_symbols": ["[CLS]", "[SEP]", "[MASK]"],
    },
}


def config(model_type: str, rows: int, **options: Any) -> Any:
    sizes = {**OPTIONS.get(model_type, SIZES), "vocab_size": rows, **options}
    if model_type not in ("xlnet", "distilbert"):
        sizes.setdefault("max_position_embeddings", 48)
    return AutoConfig.for_model(model_type, **sizes)


def write(
    folder: Path,
    model_type: str = "bert",
    *,
    vocabulary: str = "vocab.txt",
    weights: str = "pytorch_model.bin",
    style: str = "own",
    edit: Callable[[dict[str, Any]], object] = lambda settings: None,
    name: str = "config.json",
    rows: int = 0,
    **options: Any,
) -> PreTrainedModel:
    """Write an encoder and return it as transformers' own class makes it, in evaluation mode.

    Args:
        vocabulary: the file that holds it.
        weights: "model.safetensors", "pytorch_model.bin", "legacy" (before torch 1.6), "half", or one of the first
            two with " in parts".
        style: of `STYLES`.
        edit: changes the published configuration.
        rows: spare rows of the embedding.
    """
    folder.mkdir(exist_ok=True)
    entries = write_vocabulary(folder, model_type, vocabulary)
    torch.manual_seed(3)
    made = config(model_type, entries + rows, **options)
    model: PreTrainedModel = AutoModel.from_config(made).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    settings = json.loads(made.to_json_string(use_diff=False))
    edit(settings)
    (folder / name).write_text(json.dumps(settings))
    write_weights(folder, styled(model, style), weights)
    return model


def styled(model: PreTrainedModel, style: str) -> dict[str, Tensor]:
    """The weights under the names of a style, with a head of another task and a buffer of old versions."""
    prefix, old = STYLES[style]
    prefix = prefix.format(model.base_model_prefix)
    state = {}
    for name, tensor in model.state_dict().items():
        if old:
            name = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
        state[prefix + name] = tensor.clone()
    if style != "bare":
        before = "module." if style == "parallel" else ""
        state |= {before + head: torch.ones(3) for head in HEADS}
        state[f"{prefix}embeddings.position_ids"] = torch.arange(48)[None]
    return state


def write_weights(folder: Path, state: Mapping[str, Tensor], form: str) -> None:
    names = list(state)
    parts = [dict(state)]
    if form.endswith(" in parts"):
        parts = [{name: state[name] for name in names[:5]}, {name: state[name] for name in names[5:]}]
    base, _, suffix = form.removesuffix(" in parts").partition(".")
    suffix = suffix or "bin"
    files = [f"{base}.{suffix}"] if len(parts) == 1 else [f"{base}-0000{n}-of-00002.{suffix}" for n in (1, 2)]
    for file, part in zip(files, parts, strict=True):
        if suffix == "safetensors":
            save_file(part, folder / file, metadata={"format": "pt"})
        elif form == "half":
            torch.save({name: t.half() if t.is_floating_point() else t for name, t in part.items()}, folder / WEIGHTS)
        elif form == "legacy":
            torch.save(part, folder / WEIGHTS, _use_new_zipfile_serialization=False)
        else:
            torch.save(part, folder / file)
    if len(parts) > 1:
        where = {name: file for file, part in zip(files, parts, strict=True) for name in part}
        index = {"metadata": {}, "weight_map": where}
        (folder / f"{base}.{suffix}.index.json").write_text(json.dumps(index))


WEIGHTS = "pytorch_model.bin"


def write_vocabulary(folder: Path, model_type: str, file: str) -> int:
    """Write a vocabulary, and return how many entries it has."""
    if file == "vocab.txt":
        (folder / file).write_text("\n".join(PIECES) + "\n", encoding="utf-8")
        return len(PIECES)
    if file == "tokenizer.json":
        tokenizer = BertTokenizer(vocab={piece: number for number, piece in enumerate(PIECES)})
        (folder / file).write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")
        return len(PIECES)
    (folder / file).write_bytes(sentence_pieces(model_type))
    processor = sentencepiece.SentencePieceProcessor(model_proto=sentence_pieces(model_type))
    return int(processor.get_piece_size())


@functools.cache
def sentence_pieces(model_type: str) -> bytes:
    stream = io.BytesIO()
    options = SPECIALS_OF_SENTENCE_PIECES[model_type]
    sentences = [" ".join(CHARACTERS), *("".join(CHARACTERS[i : i + 7]) for i in range(len(CHARACTERS)))] * 20
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=stream,
        vocab_size=len(CHARACTERS) + 20,
        hard_vocab_limit=False,
        character_coverage=1.0,
        minloglevel=3,
        **options,
    )
    return stream.getvalue()
