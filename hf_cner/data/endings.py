"""The endings of files' names, each listed once: what is read and written, and what other files are."""

TEXT = (".txt", ".text")
JSON_LINES = (".jsonl", ".ndjson", ".jsonlines")
JSON = ".json"
PAGES = (".html", ".htm")
DELIMITED = (".csv", ".tsv")
EXCEL = (".xlsx", ".xlsm")
COLUMNS = (".parquet", ".arrow", ".feather")
TABLES = (*DELIMITED, *EXCEL, *COLUMNS)
CONLL = (".conll", ".bio", ".bioe", ".bioes", ".bmes", ".iob")
BRAT = ".ann"
GZIP = ".gz"

_LINES = {  # neither prose nor JSON, but text
    **dict.fromkeys((*DELIMITED, ".psv"), "a table"),
    **dict.fromkeys(PAGES, "a web page"),
    **dict.fromkeys(CONLL, "a CoNLL file"),
}
_FORMS = {
    **dict.fromkeys((*EXCEL, ".xls", ".ods"), "a spreadsheet"),
    **dict.fromkeys((*COLUMNS, ".avro", ".orc"), "a table of columns"),
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf", ".wps"), "a document of a word processor"),
    **dict.fromkeys((".ppt", ".pptx"), "slides"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst"), "an archive"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".bmp", ".dcm"), "a picture"),
    **dict.fromkeys((".db", ".sqlite", ".sqlite3"), "a database"),
    **dict.fromkeys((".safetensors", ".onnx", ".h5", ".bin", ".pt", ".pth", ".ckpt"), "weights of a model"),
    **dict.fromkeys((".npy", ".npz", ".pkl", ".pickle"), "data of a program in Python"),
    **{".pdf": "a PDF", ".xml": "XML", ".xmi": "XML", BRAT: "annotations of brat"},
}

KNOWN = {**_LINES, **_FORMS}
"""Ending -> what the file is, if it is neither prose nor JSON."""
OTHER_FORMS = frozenset(_FORMS)
"""Endings under which text would be opened by the wrong program."""
