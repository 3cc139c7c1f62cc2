"""Corpora, formats, documents and features. It imports no model, only the torch-free files of `modeling`."""
