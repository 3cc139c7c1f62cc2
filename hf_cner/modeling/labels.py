"""The label of a position that carries none."""

IGNORED = -100  # torch's and transformers' own: cross-entropy and the collators of transformers leave it out
