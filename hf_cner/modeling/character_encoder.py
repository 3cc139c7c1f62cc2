"""What our own encoders share: a vector for each character, which can be replaced, filled and frozen."""

from collections.abc import Sequence

from torch import nn

from .layers import replace_rows


class CharacterEncoder(nn.Module):
    """Base of the encoders that bring an embedding of characters of their own, `characters`.

    Attributes:
        trainable: whether what `freeze` names learns. Loading makes new parameters, so it freezes them again.
    """

    max_length: int | None = None
    """Texts may be of any length."""

    characters: nn.Embedding
    trainable: bool

    def freeze(self) -> None:
        """Let the character vectors learn no more; called again after loading, which makes new parameters."""
        self.characters.requires_grad_(False)

    def get_input_embeddings(self) -> nn.Embedding:
        """The character embedding."""
        return self.characters

    def set_input_embeddings(self, embeddings: nn.Embedding) -> None:
        """Replace the character embedding, e.g. by a larger one: bigrams and words do not depend on its size."""
        self.characters = embeddings

    def load_vectors(self, ids: Sequence[int], vectors: object) -> None:
        """Copy pretrained vectors into the character embedding.

        Args:
            ids: k different character ids.
            vectors: `(k, embedding_size)` tensor or array, the vector of each.
        """
        replace_rows(self.characters, ids, vectors, "character")
