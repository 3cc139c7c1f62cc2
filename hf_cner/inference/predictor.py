"""Documents in, documents with spans out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
import transformers

from ..data.documents import Document, Span
from ..data.models import TOKENIZER_FILES
from ..data.queries import read_queries
from ..modeling.characters import CharacterTable
from ..modeling.entity_model import check_model
from ..modeling.extraction import encode_windows, extract
from ..modeling.linear_paths import LinearPath
from ..modeling.loaded_weights import check_complete
from ..runtime import is_exported, open_graph
from ..runtime.finder import EntityFinder
from .agreement import PrecisionAgreement
from .checkpoint import check_folder, local_copy, weights_hash
from .precision import choose_linears
from .shapes import check_tokenizer, loading
from .weights import load_model

if TYPE_CHECKING:
    from ..modeling.recogniser import CnerRecogniser

Queries = Mapping[str, str] | str | os.PathLike[str]


class Predictor(EntityFinder):
    """Finds the entities of texts of any length, in any number.

    Args:
        model: a model of this package.
        tokenizer: the character tokenizer that it was trained with.
        device: where to compute; None leaves the model where it is.
        batch_tokens: padded tokens in one pass of the model; None takes what is fast on its device.
        scores: give each span its exact probability; False is faster.
        precision: of the large linear layers on a CPU: `auto` (as the weights are, exactly), `fp32`, `bf16`,
            `bf16-emulated` or `int8`; see `inference.precision`. `agreement` measures what a reduced one changes.
        linear: exact way to compute them, `torch` or `onednn`; None takes the faster one, as it is measured here.
        cache: among texts that are read together, compute windows with the same characters once.
        windows: options of `make_windows` that replace the checkpoint's, e.g. `{"max_length": 128}`.
        queries: questions that replace those of a question-answering checkpoint, see `set_queries`.
        decoding, threshold, thresholds: how a span scorer chooses among its spans, see `set_decoding`.

    Raises:
        ValueError: the tokenizer does not make one token of each character, the model is none of this package's code,
            it was loaded with weights that are not its own and was not trained since, or what `choose_linears` and the
            two methods raise.
    """

    def __init__(
        self,
        model: CnerRecogniser,
        tokenizer: Any,
        *,
        device: str | torch.device | None = None,
        batch_tokens: int | None = None,
        scores: bool = True,
        precision: str = "auto",
        linear: str | None = None,
        cache: bool = True,
        windows: Mapping[str, object] | None = None,
        queries: Queries | None = None,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        check_model(model)
        check_complete(model)
        if device is not None:
            _refuse_device(device)
        placed: Any = model
        self.model: CnerRecogniser = model if device is None else placed.to(device)
        self.table = CharacterTable(tokenizer)
        self.tokenizer = tokenizer
        self.batch_tokens = batch_tokens
        self.scores = scores
        self.precision = precision
        self.linears = choose_linears(self.model, precision=precision, linear=linear)
        self.cache = cache
        self.windows: dict[str, object] = {**model.config.windows, **(windows or {})}
        if queries is not None:
            self.set_queries(queries)
        self.set_decoding(decoding=decoding, threshold=threshold, thresholds=thresholds)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | os.PathLike[str],
        *,
        backend: str | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype | None = None,
        batch_tokens: int | None = None,
        scores: bool = True,
        precision: str = "auto",
        linear: str | None = None,
        cache: bool = True,
        windows: Mapping[str, object] | None = None,
        queries: Queries | None = None,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> Predictor:
        """A predictor from a checkpoint's folder or its name on the Hub.

        Args:
            name_or_path: folder or Hub name; safetensors only. Or the folder of an exported graph.
            backend: `onnx`, `openvino` or `torch`; None takes what the folder is for. An exported graph gives a
                `runtime.GraphPredictor`, which has the same interface, but no torch model.
            device: default: the first GPU where there is one, else the CPU.
            dtype: e.g. "bfloat16"; the decoder computes in fp32 or better all the same. Default: as it was saved.
            batch_tokens, scores, precision, linear, cache, windows, queries, decoding, threshold, thresholds: as in the
                constructor.

        Raises:
            CheckpointError: what is missing or wrong, in one sentence; of an exported graph a GraphError.
        """
        if is_exported(name_or_path) or backend not in (None, "torch"):
            chosen = {"queries": queries, "decoding": decoding, "threshold": threshold, "thresholds": thresholds}
            chosen |= {"precision": None if precision == "auto" else precision, "linear": linear}
            place = None if device is None else str(device)
            graph = open_graph(
                name_or_path,
                backend=backend,
                device=place,
                chosen=chosen | {"dtype": dtype},
                batch_tokens=batch_tokens,
                scores=scores,
                windows=windows,
            )
            return graph  # type: ignore[return-value]  # the same interface
        name_or_path = local_copy(name_or_path)
        model_type = check_folder(name_or_path)["model_type"]
        options = {} if dtype is None else {"dtype": dtype}
        model = load_model(name_or_path, model_type, **options)
        with loading(f"The tokenizer in {os.fspath(name_or_path)} ({', '.join(TOKENIZER_FILES)})"):
            tokenizer = transformers.AutoTokenizer.from_pretrained(name_or_path, trust_remote_code=False)
            check_tokenizer(tokenizer, model, name_or_path)
        if device is None:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        return cls(
            model,
            tokenizer,
            device=device,
            batch_tokens=batch_tokens,
            scores=scores,
            precision=precision,
            linear=linear,
            cache=cache,
            windows=windows,
            queries=queries,
            decoding=decoding,
            threshold=threshold,
            thresholds=thresholds,
        )

    def set_queries(self, queries: Queries) -> None:
        """Replace the questions; they may be about types that were not trained, whose quality is not known.

        Args:
            queries: type to question, e.g. `{"药物": "病历中的药物有哪些？"}`, or a YAML file of such lines.

        Raises:
            ValueError: the model asks no questions, or questions that cannot be asked.
        """
        self.model.set_queries(queries if isinstance(queries, Mapping) else read_queries(queries), self.tokenizer)

    def set_decoding(
        self,
        *,
        decoding: str | None = None,
        threshold: float | None = None,
        thresholds: Mapping[str, float] | None = None,
    ) -> None:
        """Change how a span scorer chooses among its spans; None changes nothing.

        Args:
            decoding: `nested` (a span may lie inside another), `crossing` (any may overlap) or `flat` (none may).
            threshold: probability above which a span is taken.
            thresholds: the same for single types.

        Raises:
            ValueError: a model that gives tags, an unknown decoding or type, or a threshold that is no probability.
        """
        self.model.set_decoding(decoding=decoding, threshold=threshold, thresholds=thresholds)

    @property
    def weights(self) -> str:
        """A text that differs between models."""
        return weights_hash(self.model)

    @property
    def entity_types(self) -> list[str]:
        """The types of the model or of its questions, in their order."""
        return list(self.model.config.entity_types)

    def agreement(self, documents: Sequence[Document]) -> PrecisionAgreement:
        """How far the spans in this precision are those of exact float32; the texts are predicted in both."""
        ways = (choose_linears(self.model).path, self.linears.path)
        exact, reduced = (list(self._computed(documents, path)) for path in ways)
        return PrecisionAgreement.of(self.precision, exact, reduced)

    def _extract(self, chunk: list[Document], progress: Callable[[int], None] | None) -> Iterator[Document]:
        return self._computed(chunk, self.linears.path, progress)

    def _computed(
        self, chunk: Sequence[Document], path: LinearPath, progress: Callable[[int], None] | None = None
    ) -> Iterator[Document]:
        found = extract(
            self.model,
            encode_windows([document.text for document in chunk], self.table, self.windows),
            len(chunk),
            table=self.table,
            max_tokens=self.batch_tokens,
            scores=self.scores,
            progress=progress,
            linears=path,
            cache=self.cache,
        )
        for document, spans in zip(chunk, found.spans, strict=True):
            yield document.with_spans(Span(*span) for span in spans)


def _refuse_device(device: str | torch.device) -> None:
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError):  # a name that torch does not know, or a device that it does not find
        raise ValueError(
            f"The device {str(device)!r} is not on this machine; give cpu, or cuda if torch finds a GPU here."
        ) from None
