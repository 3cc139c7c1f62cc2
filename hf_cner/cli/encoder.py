"""`hf-cner encoder`: published encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .json_report import Json, check_json, report_console, write_json

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def encoder() -> None:
    """Read published encoders, in all usual forms.

    \b
    Example:
      hf-cner encoder import hfl/chinese-xlnet-base my-xlnet
    """


@app.command("import")
def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER-OR-NAME",
            help="Folder with configuration, vocabulary and weights, or a name on the Hub.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="New folder for the imported encoder.", show_default=False)
    ],
    model_type: Annotated[
        str | None,
        typer.Option(
            "--model-type",
            help="Type of the encoder, as bert, albert, roberta, electra or xlnet, if its files do not name it.",
            show_default=False,
        ),
    ] = None,
    json_file: Json = None,
) -> None:
    """Read a published encoder, check it, and write it as safetensors with config.json, tokenizer.json and a page.

    The folder holds a configuration (config.json, bert_config.json, …), a vocabulary (tokenizer.json, vocab.txt or
    spiece.model) and weights: model.safetensors or pytorch_model.bin, whole or in parts. Pickles are read as tensors
    alone: no code in them is run. Names of weights are updated, heads of other tasks are left out, and OUT/README.md
    describes the encoder. AutoModel and AutoTokenizer load OUT. `hf-cner train` and `hf-cner pretrain` read the same
    folders without this step.

    \b
    Examples:
      hf-cner encoder import hfl/chinese-xlnet-base my-xlnet
      hf-cner encoder import downloads/albert_chinese_base my-albert
      hf-cner encoder import downloads/old-albert my-albert --model-type albert
      hf-cner train --preset albert-idcnn-mha-crf --corpus sample --set model.encoder.name_or_path=my-albert
    """
    from ..encoders.fetch import local_folder

    check_json(json_file, inputs=(source, out))
    local_folder(source, setting="FOLDER-OR-NAME")
    from ..encoders.write import import_encoder  # takes seconds: what needs no torch is refused before

    findings = import_encoder(source, out, model_type=model_type)
    for line in (*findings.lines(), f"written: {out}"):
        report_console(json_file).print(line, markup=False, soft_wrap=True)
    write_json(json_file, findings.to_dict())
