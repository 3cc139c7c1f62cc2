"""Exchange formats: one module each, with `read` and `write`."""

FORMATS = {"conll": "conll", "jsonl": "jsonl"}  # name -> module
