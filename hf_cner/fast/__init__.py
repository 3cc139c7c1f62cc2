"""What the extra `fast` speeds up: compiled loops, imported only where they can be used. No checkpoint carries it."""
