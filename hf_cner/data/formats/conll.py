"""CoNLL files: a character and its tag on each line, a blank line after each sentence.

The character may be the separator itself, any kind of blank, or several characters (`10`, `CT`), which then share the
tag. Tags in the spellings of `tags.py`, in any scheme. A line that begins with `-DOCSTART-` begins a record; a file
without such lines has one record per sentence.

A line cannot hold a line end. A text is never edited, so at a line end the sentence ends, and the rest of the text is
the next sentence of the same record; line ends and empty lines are not written, and are counted. A written file is read
as one document for each line that is not empty, with the same characters and with its entities that flat tags can hold,
in order, grouped by record. Ids are not written.
"""

from __future__ import annotations

from ..endings import CONLL
from .conll_reader import read
from .conll_writer import write

__all__ = ["DESCRIPTION", "ENDINGS", "EXAMPLE", "LAYOUT", "NAME", "PATTERNS", "read", "write"]

NAME = "conll"
DESCRIPTION = "CoNLL files: a character and its tag per line, in any scheme and spelling; flat entities only."
LAYOUT = "*.conll or *.bio, a character and its tag per line, a blank line between sentences"
EXAMPLE = {"notes.conll": "-DOCSTART- O\n\n头\tB_症状\n痛\tI_症状\n，\tO\n\n痛\tB_症状\n\n"}
ENDINGS = (*CONLL, ".tsv")
PATTERNS = (
    *(f"*{ending}" for ending in CONLL),
    *("*.train", "*.dev", "*.test", "*train*.txt", "*dev*.txt", "*valid*.txt", "*test*.txt"),
)
