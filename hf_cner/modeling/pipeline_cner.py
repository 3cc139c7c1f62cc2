"""The task "clinical-ner": raw texts of any length to entities, as a transformers pipeline."""

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any

import torch
from transformers import Pipeline

from .characters import CharacterTable
from .entity_model import check_model
from .extraction import extract
from .linear_paths import TorchLinears, choose_exact
from .loaded_weights import check_complete
from .window_batches import EncodedWindow, encode_windows

LIST_BATCH = 64  # texts that are processed together when a list is given and no batch_size


class ClinicalNerPipeline(Pipeline):
    """Entities of clinical texts: `pipeline("clinical-ner", model=…)("患者头痛3天。")`.

    Texts may have any length: they are cut into windows, the emissions of the windows are joined, and each text is
    decoded as a whole. Each text gives a list of `{"start", "end", "type", "text", "score"}`; `text[start:end]` is the
    mention in the unchanged text, and `score` the probability of that span. A text, or a row with the key "text", gives
    one such list; a list of texts gives a list of them; a dataset or generator an iterator that reads `batch_size`
    texts ahead.

    Keyword options, in the constructor or in a call:
        batch_size: number of texts that are processed together. It changes the speed, never the result.
        windows: options of `make_windows` that replace the checkpoint's, e.g. `{"max_length": 128}`.
        scores: False saves the time for the probabilities; `score` is then None.
        max_tokens: budget of padded tokens for one pass of the model.
    """

    _load_processor = False  # type: ignore[assignment]
    _load_image_processor = False  # type: ignore[assignment]
    _load_feature_extractor = False  # type: ignore[assignment]
    _load_tokenizer = True  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("local_files_only", None)  # an option of loading that `pipeline(…)` hands on
        super().__init__(*args, **kwargs)
        check_model(self.model)
        check_complete(self.model)
        if self.tokenizer is None:
            raise ValueError("The task clinical-ner needs a tokenizer; pass tokenizer=… or a checkpoint that has one.")
        self.table = CharacterTable(self.tokenizer)
        if self.device.type == "mps":  # which has no float64, and decoding computes in that
            self.device = torch.device("cpu")
            self.model.cpu()
        self.linears = choose_exact(self.model).path if self.device.type == "cpu" else TorchLinears()

    def _sanitize_parameters(  # type: ignore[override]
        self,
        windows: Mapping[str, object] | None = None,
        scores: bool | None = None,
        max_tokens: int | None = None,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        preprocess = {} if windows is None else {"windows": windows}
        given = {"scores": scores, "max_tokens": max_tokens}
        return preprocess, {name: value for name, value in given.items() if value is not None}, {}

    def __call__(  # type: ignore[override]
        self,
        inputs: object,
        *,
        batch_size: int | None = None,
        num_workers: int | None = None,
        **kwargs: Any,
    ) -> object:
        """Entities of one text, of a list of texts, or an iterator over those of a dataset or generator.

        `num_workers` is accepted and ignored, as preparing a text takes microseconds.
        """
        preprocess, forward, postprocess = self._sanitize_parameters(**kwargs)
        merged = (
            {**self._preprocess_params, **preprocess},
            {**self._forward_params, **forward},
            {**self._postprocess_params, **postprocess},
        )
        if batch_size is None:
            batch_size = self._batch_size
        if isinstance(inputs, (str, Mapping)):
            return self.run_single(inputs, *merged)
        if isinstance(inputs, (list, tuple)):
            return list(self.get_iterator(inputs, 0, batch_size or LIST_BATCH, *merged))
        if not (isinstance(inputs, Iterable) or (isinstance(inputs, Sized) and hasattr(inputs, "__getitem__"))):
            raise TypeError(f"clinical-ner takes a text, a list of texts or a dataset; got {type(inputs).__name__}.")
        return self.get_iterator(inputs, 0, batch_size or 1, *merged)

    def get_iterator(
        self,
        inputs: object,
        num_workers: int,
        batch_size: int,
        preprocess_params: dict[str, object],
        forward_params: dict[str, object],
        postprocess_params: dict[str, object],
    ) -> Iterator[list[dict[str, object]]]:
        """Entities of each text, lazily; the windows of `batch_size` texts go through the model together."""
        if batch_size < 1:
            raise ValueError(f"batch_size is {batch_size}; it must be at least 1.")
        return self._stream(_items(inputs), batch_size, preprocess_params, forward_params, postprocess_params)

    def _stream(
        self,
        texts: Iterator[object],
        batch_size: int,
        preprocess_params: dict[str, Any],
        forward_params: dict[str, object],
        postprocess_params: dict[str, object],
    ) -> Iterator[list[dict[str, object]]]:
        prepared: list[dict[str, object]] = []
        for text in texts:
            prepared.append(self.preprocess(text, **preprocess_params))
            if len(prepared) == batch_size:
                yield from self._outputs(prepared, forward_params, postprocess_params)
                prepared = []
        if prepared:
            yield from self._outputs(prepared, forward_params, postprocess_params)

    def _outputs(
        self,
        prepared: list[dict[str, object]],
        forward_params: dict[str, object],
        postprocess_params: dict[str, object],
    ) -> Iterator[list[dict[str, object]]]:
        for output in self.forward(prepared, **forward_params):
            yield self.postprocess(output, **postprocess_params)

    def run_single(
        self,
        inputs: object,
        preprocess_params: dict[str, Any],
        forward_params: dict[str, object],
        postprocess_params: dict[str, object],
    ) -> list[dict[str, object]]:
        prepared = [self.preprocess(inputs, **preprocess_params)]
        return next(self._outputs(prepared, forward_params, postprocess_params))

    def preprocess(  # type: ignore[override]
        self, input_: object, windows: Mapping[str, object] | None = None
    ) -> dict[str, object]:
        """A text, or a row with the key "text", as `{"text", "encoded": its windows}`."""
        text = input_.get("text") if isinstance(input_, Mapping) else input_
        if not isinstance(text, str):
            raise TypeError(
                f'clinical-ner takes texts (str), or rows with the key "text"; got {type(input_).__name__}'
                + (f" with the keys {sorted(map(str, input_))}." if isinstance(input_, Mapping) else ".")
            )
        options = {**self.model.config.windows, **(windows or {})}
        return {"text": text, "encoded": encode_windows([text], self.table, options)}

    def _forward(  # type: ignore[override]
        self, input_tensors: list[dict[str, Any]], scores: bool = True, max_tokens: int | None = None
    ) -> list[dict[str, object]]:
        """The same items with "spans" `(start, end, type, score)` in place of the windows."""
        encoded = [
            EncodedWindow(number, item.window, item.input_ids)
            for number, prepared in enumerate(input_tensors)
            for item in prepared["encoded"]
        ]
        model: Any = self.model
        found = extract(
            model,
            encoded,
            len(input_tensors),
            table=self.table,
            max_tokens=max_tokens,
            scores=scores,
            linears=self.linears,
        )
        pairs = zip(input_tensors, found.spans, strict=True)
        return [{"text": prepared["text"], "spans": spans} for prepared, spans in pairs]

    def postprocess(self, model_outputs: dict[str, Any]) -> list[dict[str, object]]:  # type: ignore[override]
        """Spans as dicts, with the mention."""
        text = model_outputs["text"]
        return [
            {"start": start, "end": end, "type": entity_type, "text": text[start:end], "score": score}
            for start, end, entity_type, score in model_outputs["spans"]
        ]


def _items(inputs: Any) -> Iterator[object]:
    """The items of an iterable, or of a dataset that has only a length and indices."""
    if isinstance(inputs, Iterable):
        return iter(inputs)
    return (inputs[index] for index in range(len(inputs)))
