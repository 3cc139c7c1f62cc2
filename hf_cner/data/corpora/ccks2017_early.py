"""The early release of CCKS-2017 (records 1–100): as CCKS-2017, but nested, unsorted and with a duplicate.

Nothing is corrected: a repeated annotation is in the document twice (metrics count gold spans as a set).
"""

from __future__ import annotations

from .ccks2017 import CITATION, CONVENTIONS, ENTITY_TYPES, EXAMPLE, LAYOUT, LICENCE, read

NAME = "ccks2017-early"
DESCRIPTION = "CCKS-2017 task 2, early release of records 1–100: the same five types, nested."

__all__ = ["CITATION", "CONVENTIONS", "DESCRIPTION", "ENTITY_TYPES", "EXAMPLE", "LAYOUT", "LICENCE", "NAME", "read"]
