"""One module for each format of documents; `registry.py` says what a module has, and lists them."""
