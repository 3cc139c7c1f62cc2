"""What encoders say of themselves, and what our own share: a vector for each character, which can be replaced."""

from collections.abc import Sequence
from typing import Any, ClassVar

from torch import nn

from .layers import replace_rows


class Encoder(nn.Module):
    """Base of all encoders: what a kind needs before it can be built, so that nobody has to know it by its name.

    Attributes:
        needs: what is made of the training texts for it, and of files that the settings name: keys of `NEEDS` in
            `hf_cner.training.needs`.
        has_checkpoints: whether it may come from a checkpoint, with the vocabulary of that.
        made_by: of a kind that is nothing without a checkpoint: the command that makes one. Else empty.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    has_checkpoints: ClassVar[bool] = False
    made_by: ClassVar[str] = ""


class CharacterEncoder(Encoder):
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

    def load_vectors(self, ids: Sequence[int], vectors: Any) -> None:
        """Copy pretrained vectors into the character embedding.

        Args:
            ids: k different character ids.
            vectors: `(k, embedding_size)` tensor or array, the vector of each.
        """
        replace_rows(self.characters, ids, vectors, "character")
