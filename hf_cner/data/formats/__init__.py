"""One module for each form in which anybody's documents come; `registry.py` says what a module has, and lists them."""
