"""`hf-cner export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import messages, no_loading_bars, results
from .options import Model


def export(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)],
    to: Annotated[
        str | None,
        typer.Option("--to", help="onnx, openvino or torch. Without it, --verify compares an existing --output."),
    ] = None,
    precision: Annotated[str, typer.Option("--precision", help="fp32, or for onnx int8.")] = "fp32",
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify",
            metavar="DATA",
            help="Texts (a file, a folder, JSON lines) on which model and graph are compared.",
            show_default=False,
        ),
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            "--calibrate",
            metavar="DATA",
            help="For int8: texts on which the ranges of activations are measured [default: in each batch anew].",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")] = False,
) -> None:
    """Write a model as graphs with its decoder inside, for machines without torch.

    The folder holds the whole model from ids to tags and probabilities, for any batch and length, the tokenizer, and a
    card. `hf-cner predict --model EXPORTED` and `hf_cner.runtime` run it. Only models whose decoder gives tags
    (crf, softmax) can be exported.

    \b
    Examples:
      hf-cner export --model OUT --to onnx --output EXPORTED
      hf-cner export --model OUT --to openvino --output EXPORTED --verify notes/
      hf-cner export --model OUT --to onnx --precision int8 --output SMALL --verify dev.jsonl
      hf-cner export --model OUT --to onnx --precision int8 --calibrate train.jsonl --output SMALL --verify dev.jsonl
      hf-cner export --model OUT --output EXPORTED --verify more.jsonl
    """
    from ..data.texts import read_texts
    from .decoding import refuse_missing_model

    if to is None and verify is None:
        raise ValueError("There is nothing to do: give --to onnx, openvino or torch, or --verify DATA for a folder.")
    if calibrate is not None and (to is None or precision != "int8"):
        raise ValueError("--calibrate is for --to onnx --precision int8; give both, or leave it out.")
    documents, texts = (read_texts([path]) if path is not None else [] for path in (verify, calibrate))
    refuse_missing_model(model, "torch")
    from ..export.folder import export_model, verify_export  # takes seconds: checks without the model come first
    from ..export.verify import WORTH_A_WARNING
    from ..export.write import check_target
    from ..inference.predictor import Predictor

    if to is not None:
        check_target(to, precision)
    no_loading_bars()
    predictor = Predictor.from_pretrained(model, backend="torch", device="cpu", dtype="float32")
    if to is None:
        agreement = verify_export(predictor, output, documents)
    else:
        agreement = export_model(
            predictor,
            output,
            to=to,
            precision=precision,
            documents=documents,
            calibration=texts,
            overwrite=overwrite,
            inputs=[model, *(path for path in (verify, calibrate) if path is not None)],
        )
    if agreement is not None:
        results().print(agreement.sentence(), markup=False, soft_wrap=True)
        if agreement.share < WORTH_A_WARNING:
            said = f"The graph changes {1 - agreement.share:.2%} of the spans; check it on gold before it is used."
            messages().print(said, markup=False, soft_wrap=True)
    messages().print(f"{output} is written", markup=False, soft_wrap=True)
