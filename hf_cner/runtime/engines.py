"""Engines that run an exported graph: one class for each backend.

An engine is made from the path of a graph, and returns named outputs for named arrays. It imports its package when it
is made. A new engine is a class, a line in `ENGINES`, and its files in `manifest.GRAPHS`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..data.extras import install
from .manifest import GraphError

Arrays = Mapping[str, np.ndarray]


class Engine(Protocol):
    """A graph that is ready to run."""

    last_axis: int | None
    """Size of the last axis of the emissions, in the graph's inputs or outputs."""

    def run(self, inputs: Arrays, wanted: Sequence[str]) -> list[np.ndarray]:
        """The wanted outputs."""


class OnnxEngine:
    """ONNX Runtime on the CPU."""

    def __init__(self, path: Path, threads: int | None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = options.inter_op_num_threads = threads
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.last_axis = _last_axis(
            (v.name, v.shape) for v in (*self._session.get_inputs(), *self._session.get_outputs())
        )

    def run(self, inputs: Arrays, wanted: Sequence[str]) -> list[np.ndarray]:
        found: list[np.ndarray] = self._session.run(list(wanted), dict(inputs))
        return found


@cache
def openvino_core() -> Any:
    """OpenVINO's only `Core` in this process, which is never released.

    The CPU plugin of a core gives the thread that loads it a stack for signal handlers. When the plugin is released in
    another thread, or before a later core's, the thread is left with a stack that is gone: the next signal that Python
    handles, such as Ctrl-C or a child's end, kills the process without a word.
    """
    import openvino

    return openvino.Core()


class OpenVinoEngine:
    """OpenVINO on the CPU, in float32."""

    def __init__(self, path: Path, threads: int | None) -> None:
        settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
        if threads is not None:
            settings["INFERENCE_NUM_THREADS"] = threads
        core = openvino_core()
        compiled = core.compile_model(core.read_model(path), "CPU", settings)
        self._request: Any = compiled.create_infer_request()
        named = ((v.any_name, v.partial_shape) for v in (*compiled.inputs, *compiled.outputs))
        self.last_axis = _last_axis((name, [d.get_length() if d.is_static else None for d in s]) for name, s in named)

    def run(self, inputs: Arrays, wanted: Sequence[str]) -> list[np.ndarray]:
        self._request.infer(dict(inputs))
        return [np.array(self._request.get_tensor(name).data) for name in wanted]


class TorchEngine:
    """torch's exported program in its interpreter: a reference, which AOTInductor can compile."""

    def __init__(self, path: Path, threads: int | None) -> None:
        import torch

        self._torch = torch
        program = torch.export.load(path)
        self._names = OUTPUTS[path.stem]
        self._module: Any = program.module()
        self.last_axis = None
        for node in program.graph.nodes:
            if node.op == "output":
                self.last_axis = int(node.args[0][0].meta["val"].shape[-1]) if "emissions" in self._names else None

    def run(self, inputs: Arrays, wanted: Sequence[str]) -> list[np.ndarray]:
        with self._torch.inference_mode():
            found = self._module(*(self._torch.from_numpy(array) for array in inputs.values()))
        named = dict(zip(self._names, found, strict=True))
        return [named[name].numpy() for name in wanted]


INPUTS = {"model": ("input_ids", "attention_mask", "unit_mask"), "decoder": ("emissions", "lengths")}
OUTPUTS = {"model": ("emissions", "tags", "log_parts"), "decoder": ("tags", "log_parts")}
"""Names of the inputs and outputs of the two graphs. A model may also take `token_type_ids`, as the last input."""

ENGINES: dict[str, tuple[Callable[[Path, int | None], Engine], str, str]] = {
    "onnx": (OnnxEngine, "onnxruntime", "onnx"),
    "openvino": (OpenVinoEngine, "openvino", "openvino"),
    "torch": (TorchEngine, "torch", ""),
}
"""Backend -> its engine, the package that it needs, and the extra that installs it; torch comes with hf_cner."""


def check_backend(backend: str) -> None:
    """Raise GraphError, with the extra to install, if a backend's package is missing."""
    _, package, extra = ENGINES[backend]
    if importlib.util.find_spec(package) is None:
        raise GraphError(f"The backend {backend} needs the package {package}: {install(extra)}.")


def open_engine(backend: str, path: Path, *, threads: int | None = None) -> Engine:
    """A graph that is ready to run.

    Raises:
        GraphError: the backend is not installed, or does not take the file.
    """
    check_backend(backend)
    try:
        return ENGINES[backend][0](path, threads)
    except Exception as error:  # each library raises other errors
        said = " ".join(str(error)[:500].split())
        raise GraphError(f"{path} cannot be loaded by {backend} ({said}); export the model again.") from error


def _last_axis(shapes: Iterable[tuple[str, Sequence[Any]]]) -> int | None:
    """Size of the last axis of the emissions among named shapes; None if it is dynamic."""
    return next((s[-1] if isinstance(s[-1], int) else None for name, s in shapes if name == "emissions"), None)
