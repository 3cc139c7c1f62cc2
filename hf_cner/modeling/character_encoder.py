"""What each kind of encoder declares, and what our own share: a vector for each character, which can be replaced."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from .layers import replace_rows
from .units import full_mask


class Encoder(nn.Module):
    """Base of all encoders: what a kind needs before it can be built, so that no other file names the kind.

    Attributes:
        needs: what is made of the training texts for it, and of files that the settings name: keys of `NEEDS` in
            `hf_cner.training.needs`.
        has_checkpoints: whether it may come from a checkpoint, with the vocabulary of that.
        made_by: of a kind that is nothing without a checkpoint: the command that makes one. Else empty.
        fine_tuned: whether its weights were trained before and learn at smaller rates than new ones.
        learns_from_corpus: whether the corpus alone makes its weights, so that the corpus's licence is theirs.
        no_graph: why it cannot be exported. Else empty.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    has_checkpoints: ClassVar[bool] = False
    made_by: ClassVar[str] = ""
    fine_tuned: ClassVar[bool] = False
    learns_from_corpus: ClassVar[bool] = False
    no_graph: ClassVar[str] = ""


class CharacterEncoder(Encoder, ABC):
    """Base of the encoders that bring an embedding of characters of their own, `characters`.

    Attributes:
        trainable: whether what `freeze` names learns. Loading makes new parameters, so it freezes them again.
    """

    max_length: int | None = None
    """Texts may be of any length."""

    characters: nn.Embedding
    trainable: bool

    def freeze(self) -> None:
        """Freeze the character vectors; called again after loading, which makes new parameters."""
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

    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        inputs_embeds: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> BaseModelOutput:
        """Look up the characters, and encode them.

        Args:
            input_ids: `(b, n)`; or
            inputs_embeds: `(b, n, embedding_size)` character vectors.
            attention_mask: `(b, n)`, 0 where nothing stands; default: everywhere something does.
            token_type_ids: not used; taken because every encoder is called alike.
            output_attentions: there are none.

        Returns:
            `last_hidden_state` `(b, n, output_size)`, and, when asked, `hidden_states`: see `encode`.

        Raises:
            ValueError: not exactly one of `input_ids` and `inputs_embeds` is given.
        """
        present = full_mask(input_ids, inputs_embeds, attention_mask).bool()
        vectors = self.characters(input_ids) if inputs_embeds is None else inputs_embeds
        encoded, layers = self.encode(vectors, present, input_ids)
        return BaseModelOutput(last_hidden_state=encoded, hidden_states=layers if output_hidden_states else None)

    @abstractmethod
    def encode(self, vectors: Tensor, present: Tensor, input_ids: Tensor | None) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What a kind does with the character vectors.

        Args:
            vectors: `(b, n, embedding_size)`.
            present: `(b, n)` bool, what is attended to.
            input_ids: `(b, n)`, where the vectors are those of ids.

        Returns:
            The vectors that leave, `(b, n, output_size)`, and the layers that `hidden_states` shows.
        """
