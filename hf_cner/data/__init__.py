"""Corpora, formats, documents and features. Knows no model; of the models' folder only the torch-free files."""
