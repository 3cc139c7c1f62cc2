"""The vocabulary of a published encoder, resolved from its files. Imports neither torch nor transformers.

`AutoTokenizer` takes the class of a tokenizer from the model's type. Beside a Chinese ALBERT, DeBERTa, BigBird or
Longformer that guess is wrong: they hold BERT's `vocab.txt`, and the guessed class finds 5 entries in it without an
error. Here the files decide, in this order:

1. `tokenizer.json`, unless it holds less than half of what another file beside it holds (a wrong guess, saved again);
2. `vocab.txt`: WordPiece, whatever the model's type; 3. `spiece.model`, `sentencepiece.bpe.model`, `spm.model` or
another `*.model`: SentencePiece; 4. otherwise the tokenizer of the model's type.
"""

from __future__ import annotations

import os
from pathlib import Path

from .encoder_vocabulary import EncoderVocabulary
from .vocabulary_entries import check_ids
from .vocabulary_files import entries_of
from .vocabulary_frame import LEFT_PADDED, folds_case, frame, has_token_types, special_tokens
from .vocabulary_told import tell

__all__ = ["EncoderVocabulary", "check_size", "encoder_folder", "resolve_vocabulary"]

_PATTERNS = ["*.json", "*.txt", "*.model"]  # the files of a repository from which a vocabulary is read
_MOST_SPARE = 0.5  # largest share of an embedding's rows without an entry


def encoder_folder(name: str | os.PathLike[str]) -> Path:
    """The folder of an encoder: as given, or the vocabulary's files of that name on the Hub or in its cache.

    Raises:
        ValueError: it is no folder, and no name whose files are on this machine or can be fetched.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(os.fspath(name), allow_patterns=_PATTERNS))
    except (OSError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ValueError(
            f"No tokenizer could be loaded from {os.fspath(name)!r}: it is no folder on this machine, and it could not "
            "be fetched as a name on the Hub; give a folder that holds the encoder's tokenizer.json, vocab.txt or "
            "spiece.model beside its config.json, or set HF_ENDPOINT to a mirror and unset HF_HUB_OFFLINE "
            f"({reason})"
        ) from error


def resolve_vocabulary(folder: Path, *, model_type: str | None = None) -> EncoderVocabulary:
    """Read the vocabulary of the encoder in `folder` from its files.

    Args:
        folder: of a published encoder.
        model_type: of its configuration; by default from its `config.json`.

    Raises:
        ValueError: there is no vocabulary, or it is broken, empty, byte-level, or without a padding or unknown token.
            The sentence names the file.
    """
    folder = Path(folder)
    told = tell(folder)
    model_type = model_type or told.model_type
    entries = entries_of(folder, model_type)
    if entries is None:
        from .vocabulary_loaded import load_vocabulary

        return load_vocabulary(folder)
    pieces = {**entries.pieces}
    taken = set(pieces.values())
    for token, number in told.added.items():  # a wrong guess beside the vocabulary may contradict it; the ids are kept
        if token not in pieces and number not in taken:
            pieces[token] = number
            taken.add(number)
    check_ids(pieces, folder / "added_tokens.json")
    specials, said = special_tokens(pieces, {**entries.specials, **told.specials}, pad_id=told.pad_id)
    for role in ("pad_token", "unk_token"):
        if role not in specials:
            raise ValueError(
                f"{entries.source} has no {role}, and a character tokenizer needs one; name one of its "
                f"{len(pieces):,} entries as {role} in {folder / 'tokenizer_config.json'}."
            )
    if len(pieces) <= len(set(specials.values())):
        raise ValueError(
            f"{entries.source} holds no entry beside {len(pieces)} special tokens; give the encoder's whole vocabulary."
        )
    token_types = has_token_types(model_type, told.type_count)
    if entries.kind == "characters" and told.typed is not None:  # this package wrote it, not a wrong guess
        token_types = told.typed
    single, pair = entries.frame or frame(specials, model_type=model_type, token_types=token_types)
    typed = token_types or any(not token.endswith(":0") for token in single)
    lower_case = folds_case(pieces, entries.lower_case if entries.lower_case is not None else told.lower_case)
    if lower_case and False in (entries.lower_case, told.lower_case):
        said.append("its files say that case is kept, but the vocabulary has no capital letter; letters are folded")
    side = told.padding_side or ("left" if model_type in LEFT_PADDED else "right")
    return EncoderVocabulary(
        pieces=pieces,
        kind=entries.kind,
        specials=specials,
        padding_side=side,
        lower_case=lower_case,
        single=single,
        pair=pair,
        token_types=typed,
        model_max_length=told.longest,
        source=entries.source,
        findings=(*entries.findings, *said),
    )


def check_size(vocabulary: EncoderVocabulary, rows: int) -> str | None:
    """Compare a vocabulary with the rows of its encoder's embedding.

    Returns:
        None if they are equal, else a sentence about rows without an entry: a few are normal.

    Raises:
        ValueError: fewer rows than the ids need, or more than half of the rows without an entry.
    """
    needed = vocabulary.rows
    if rows < needed:
        raise ValueError(
            f"{vocabulary.source} holds ids up to {needed - 1:,}, but the encoder's embedding has {rows:,} rows; this "
            "is the vocabulary of another encoder: put the encoder's own beside its weights."
        )
    if rows - needed > _MOST_SPARE * rows:
        raise ValueError(
            f"{vocabulary.source} holds {needed:,} entries, but the encoder's embedding has {rows:,} rows; this is the "
            "vocabulary of another encoder, or a part of it: put the encoder's own beside its weights."
        )
    if rows == needed:
        return None
    return f"the embedding has {rows:,} rows for {needed:,} entries; {rows - needed:,} rows are spare"
