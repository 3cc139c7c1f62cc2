"""Traced programs as files of a backend. A new one is a function and a line in `WRITERS`."""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule

from ..data.extras import install
from ..runtime.engines import INPUTS, OUTPUTS, openvino_core
from ..runtime.manifest import GRAPHS
from .graph import ExportError
from .layers import translations

Programs = Mapping[str, ExportedProgram]
_PLACES = ("stack_trace", "from_node", "source_fn_stack", "torch_fn")  # paths of this machine's code
LARGEST_FILE = 1 << 31  # bytes: a protobuf holds no more; weights are then in a file beside it


def write_onnx(programs: Programs, folder: Path) -> None:
    """ONNX graphs."""
    for name, program in programs.items():
        _save_onnx(name, program, folder / f"{name}.onnx")


def write_openvino(programs: Programs, folder: Path) -> None:
    """OpenVINO's graphs, from its reader of ONNX: its converter for Python programs sends usage statistics."""
    import openvino

    with tempfile.TemporaryDirectory() as scratch:
        for name, program in programs.items():
            path = Path(scratch, f"{name}.onnx")
            _save_onnx(name, program, path)
            model = openvino_core().read_model(path)
            openvino.save_model(model, folder / f"{name}.xml", compress_to_fp16=False)


def write_torch(programs: Programs, folder: Path) -> None:
    """torch's own exported programs."""
    for name, program in programs.items():
        for module in program.graph_module.modules():
            for node in module.graph.nodes if isinstance(module, GraphModule) else ():
                for said in _PLACES:
                    node.meta.pop(said, None)
        torch.export.save(program, folder / f"{name}.pt2")


WRITERS: dict[str, tuple[Callable[[Programs, Path], None], tuple[str, ...], tuple[str, ...]]] = {
    "onnx": (write_onnx, ("fp32", "int8"), ("onnxscript",)),
    "openvino": (write_openvino, ("fp32",), ("onnxscript", "openvino")),
    "torch": (write_torch, ("fp32",), ()),
}
"""Backend -> function that writes its graphs, precisions, and packages that it needs."""

NAMES = {name for names in GRAPHS.values() for name in names} | {"model.bin", "decoder.bin", "model.onnx.data"}
"""Names of all files that they write."""


def check_target(to: str, precision: str) -> None:
    """Raise ExportError for an unknown backend or precision, or for missing packages."""
    if to not in WRITERS:
        raise ExportError(f"Unknown target {to!r}; choose one of {', '.join(WRITERS)}.")
    if precision not in WRITERS[to][1]:
        raise ExportError(
            f"A graph for {to} is written in {' or '.join(WRITERS[to][1])}, not in {precision}; choose another."
        )
    try:
        for package in WRITERS[to][2] + (("onnxruntime.quantization",) if precision == "int8" else ()):
            import_module(package)
    except ImportError as error:
        raise ExportError(f"Exporting to {to} needs the package {error.name}: {install(to)}.") from error


def _save_onnx(name: str, program: ExportedProgram, path: Path) -> None:
    inputs = list(INPUTS[name])
    if len(program.graph_signature.user_inputs) > len(inputs):
        inputs.append("token_type_ids")
    with quiet(), torch.no_grad():
        made: Any = torch.onnx.export(
            program,
            dynamo=True,
            verbose=False,
            input_names=inputs,
            output_names=list(OUTPUTS[name]),
            custom_translation_table=translations(),
        )
        for node in made.model.graph.all_nodes():
            node.metadata_props.clear()  # paths of the code on this machine
            if node.op_type == "Scan":  # torch counts them by states, ONNX by scanned inputs; all are forward
                node.attributes.pop("scan_input_directions", None)
        size = sum(parameter.nbytes for parameter in program.state_dict.values())
        made.save(path, external_data=size > LARGEST_FILE * 0.9)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppresses the exporter's remarks about missing packages, and about its own use of torch."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
