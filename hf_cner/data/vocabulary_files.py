"""The files that may hold an encoder's vocabulary: which is used, and how it is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .encoder_vocabulary import Kind
from .placeholders import check_is_content
from .vocabulary_entries import WORD_INSIDE, WORD_START, Entries, byte_level
from .vocabulary_json import entries_of_backend, load_backend

_SENTENCEPIECE = ("spiece.model", "sentencepiece.bpe.model", "spm.model", "sentencepiece.model", "tokenizer.model")
_FEW = 1_000  # a tokenizer.json with fewer entries is compared with the file beside it
_PART = 0.5  # share of that file's entries: with less it is a wrong guess of AutoTokenizer, saved again
_SHOWN = 3  # repeated entries in a sentence


def entries_of(folder: Path, model_type: str | None) -> Entries | None:
    """The entries from the file that is used; None if no file has a known form.

    Raises:
        ValueError: this file is broken, byte-level or empty.
    """
    written, guessed = folder / "tokenizer.json", 0
    if written.is_file():
        backend = load_backend(written)
        guessed = backend.get_vocab_size(with_added_tokens=True)
        plain = _plain(folder, model_type) if guessed < _FEW else None
        if plain is None and guessed == 0:
            raise ValueError(f"{written} holds no entry; fetch the encoder's tokenizer.json again.")
        if plain is None or guessed >= _PART * len(plain.pieces):
            return entries_of_backend(backend, written)
        said = (
            f"tokenizer.json holds {guessed} entries and {plain.source.name} {len(plain.pieces):,}: the latter is used"
        )
        return replace(plain, findings=(*plain.findings, said))
    plain = _plain(folder, model_type)
    if plain is None and (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        raise ValueError(byte_level(folder / "vocab.json"))
    return plain


def _plain(folder: Path, model_type: str | None) -> Entries | None:
    """From `vocab.txt`, else from a SentencePiece model."""
    if (folder / "vocab.txt").is_file():
        return read_vocab_txt(folder / "vocab.txt")
    named = next((folder / name for name in _SENTENCEPIECE if (folder / name).is_file()), None)
    if named is None:
        others = sorted(path for path in folder.glob("*.model") if path.is_file())
        if len(others) > 1:
            names = ", ".join(path.name for path in others)
            raise ValueError(
                f"{folder} holds several *.model files ({names}); keep the encoder's own vocabulary there."
            )
        named = others[0] if others else None
    return None if named is None else read_sentencepiece(named, model_type)


def read_vocab_txt(path: Path) -> Entries:
    """One entry per line, the line's number (from 0) its id; blank lines at the end are not entries.

    Raises:
        ValueError: it is not UTF-8, or holds no entry.
    """
    check_is_content(path)
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ValueError(f"{path}, line {line}, is not UTF-8; fetch the encoder's vocab.txt again.") from error
    lines = [line.removesuffix("\r") for line in text.split("\n")]  # an entry may be a blank or a line separator
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(f"{path} holds no entry; fetch the encoder's vocab.txt again.")
    findings = ["vocab.txt begins with a byte-order mark, which is left out"] if raw[:3] == b"\xef\xbb\xbf" else []
    repeated = [token for token, count in Counter(lines).items() if count > 1 and token]
    if repeated:
        numbers = [[n for n, line in enumerate(lines, 1) if line == token] for token in repeated[:_SHOWN]]
        named = "; ".join(
            f"{token!r} in lines {', '.join(map(str, found))}"
            for token, found in zip(repeated[:_SHOWN], numbers, strict=True)
        )
        more = f" and {len(repeated) - _SHOWN} more" if len(repeated) > _SHOWN else ""
        findings.append(f"entries stand several times in vocab.txt, and the last line counts: {named}{more}")
    if empty := lines.count(""):
        findings.append(f"{empty} lines of vocab.txt are empty; their ids belong to no entry")
    pieces = {token: number for number, token in enumerate(lines) if token}
    return Entries(pieces=pieces, kind=_kind(pieces), source=path, findings=tuple(findings))


def _kind(pieces: Mapping[str, int]) -> Kind:
    """WordPiece, unless the entries are a SentencePiece vocabulary written as text (ERNIE-M)."""
    marked = sum(len(piece) > 1 and piece.startswith(WORD_START) for piece in pieces)
    inside = sum(len(piece) > 2 and piece.startswith(WORD_INSIDE) for piece in pieces)
    return "sentencepiece" if marked > inside else "wordpiece"


def read_sentencepiece(path: Path, model_type: str | None) -> Entries:
    """The pieces of a SentencePiece model with the ids that the encoder's embedding has.

    fairseq's encoders (XLM-R, CamemBERT) put their own special tokens before the pieces and `<mask>` after them;
    DeBERTa's have `[MASK]` after them.

    Raises:
        ValueError: it is no SentencePiece model, or has no piece.
        ImportError: `sentencepiece` is not installed.
    """
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise ImportError(f"{path} is a SentencePiece model; pip install sentencepiece, which reads it.") from error
    check_is_content(path)
    model = SentencePieceProcessor()
    try:
        model.LoadFromSerializedProto(path.read_bytes())
    except (RuntimeError, OSError) as error:
        raise ValueError(f"{path} is no SentencePiece model, or is damaged; fetch the encoder's file again.") from error
    count = model.get_piece_size()
    if count == 0:
        raise ValueError(f"{path} holds no piece; fetch the encoder's file again.")
    names: list[str] = [model.id_to_piece(number) for number in range(count)]
    if model_type in ("xlm-roberta", "xlm-roberta-xl"):
        names = ["<s>", "<pad>", "</s>", "<unk>", *names[3:], "<mask>"]
    elif model_type == "camembert":
        names = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", *names[1:], "<mask>"]
    elif model_type in ("deberta", "deberta-v2") and "[MASK]" not in names:
        names.append("[MASK]")
    pieces = {piece: number for number, piece in enumerate(names)}
    told = {"pad_token": model.pad_id(), "unk_token": model.unk_id()}
    by_file = {role: model.id_to_piece(number) for role, number in told.items() if number >= 0}
    return Entries(pieces=pieces, kind="sentencepiece", source=path, specials=by_file)
