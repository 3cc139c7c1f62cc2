"""Folders of encoders as the world publishes them: vocabularies of every kind beside configurations of every type."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

SENTENCE = "患者于3天前出现发热，体温39.2℃。\n　CT示“右肺”"
CHARACTERS = list(dict.fromkeys(c for c in SENTENCE.lower() if not c.isspace()))
WORDPIECE = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *CHARACTERS, "##患", "##热", "abc"]
MODEL_TYPES = (
    "albert", "deberta-v2", "big_bird", "longformer", "roberta", "rembert", "camembert", "xlm-roberta", "xlnet",
    "bert", "electra", "ernie", "nezha", None,
)  # fmt: skip
FAIRSEQ = ("xlm-roberta", "camembert")
CONTROL, NORMAL, UNKNOWN = 3, 1, 2


def write_config(folder: Path, model_type: str | None, **options: object) -> None:
    said = {} if model_type is None else {"model_type": model_type}
    (folder / "config.json").write_text(json.dumps({**said, **options}), encoding="utf-8")


def vocab_txt(folder: Path, pieces: Iterable[str] = WORDPIECE, *, end: str = "\n", head: bytes = b"") -> None:
    (folder / "vocab.txt").write_bytes(head + "".join(piece + end for piece in pieces).encode())


def sentencepiece_specials(model_type: str | None) -> list[str]:
    if model_type == "xlnet":
        return ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>"]
    if model_type in FAIRSEQ or model_type in ("roberta", "longformer"):
        return ["<unk>", "<s>", "</s>", *([] if model_type in FAIRSEQ else ["<pad>", "<mask>"])]
    if model_type == "deberta-v2":
        return ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
    return ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"]


def sentencepiece_model(pieces: Iterable[str], *, unknown: str = "<unk>") -> bytes:
    """A ModelProto of sentencepiece_model.proto, written by hand: pieces, and the ids of the trainer's own tokens."""
    names = list(pieces)
    body = b""
    for number, name in enumerate(names):
        kind = UNKNOWN if name == unknown else CONTROL if name[0] in "<[" and len(name) > 1 else NORMAL
        piece = _bytes(1, name.encode()) + b"\x15" + struct.pack("<f", -float(number)) + _number(3, kind)
        body += _bytes(1, piece)
    ids = {40: names.index(unknown), 41: -1, 42: -1, 43: -1}
    body += _bytes(2, b"".join(_number(field, value) for field, value in ids.items()))
    return body + _bytes(3, _number(3, 0))


def spiece(folder: Path, model_type: str | None, *, name: str = "spiece.model") -> None:
    specials = sentencepiece_specials(model_type)
    pieces = [*specials, "▁", *(("▁" + c) if n % 3 == 0 else c for n, c in enumerate(CHARACTERS)), "▁发热"]
    unknown = "[UNK]" if "[UNK]" in specials else "<unk>"
    (folder / name).write_bytes(sentencepiece_model(pieces, unknown=unknown))


def wordpiece_json(folder: Path) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    pieces = {piece: number for number, piece in enumerate(WORDPIECE)}
    backend = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", pieces["[CLS]"]), ("[SEP]", pieces["[SEP]"])],
    )
    backend.enable_truncation(4)  # as a training run left it
    backend.save(str(folder / "tokenizer.json"))


def degenerate_json(folder: Path) -> None:
    """What AutoTokenizer's wrong guess looks like once it was saved: the special tokens of another class."""
    from tokenizers import Tokenizer, models

    backend = Tokenizer(models.Unigram([("<pad>", 0.0), ("<unk>", 0.0), ("[CLS]", 0.0), ("[SEP]", 0.0)], 1, False))
    backend.add_special_tokens(["[MASK]"])
    backend.save(str(folder / "tokenizer.json"))
    guessed = {"0": "<pad>", "1": "<unk>", "2": "[CLS]", "3": "[SEP]", "4": "[MASK]"}
    options = {
        "added_tokens_decoder": {number: {"content": token, "special": True} for number, token in guessed.items()},
        "pad_token": "<pad>",
        "unk_token": "<unk>",
        "tokenizer_class": "AlbertTokenizer",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(options), encoding="utf-8")


def _json_and_txt(folder: Path, _: str | None) -> None:
    vocab_txt(folder)
    degenerate_json(folder)


KINDS: Mapping[str, Callable[[Path, str | None], None]] = {
    "vocab.txt": lambda folder, _: vocab_txt(folder),
    "vocab.txt with CRLF and a byte-order mark": lambda folder, _: vocab_txt(
        folder, [*WORDPIECE, "", ""], end="\r\n", head=b"\xef\xbb\xbf"
    ),
    "tokenizer.json": lambda folder, _: wordpiece_json(folder),
    "a wrong guess beside vocab.txt": _json_and_txt,
    "spiece.model": spiece,
    "sentencepiece.bpe.model": lambda folder, kind: spiece(folder, kind, name="sentencepiece.bpe.model"),
    "any.model": lambda folder, kind: spiece(folder, kind, name="chinese.model"),
}


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
