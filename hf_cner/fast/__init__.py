"""What the extra `fast` speeds up: compiled loops, imported only where they can be used. Checkpoints do not carry it."""
