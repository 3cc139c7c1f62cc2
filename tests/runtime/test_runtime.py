"""Prediction with a graph, without torch and transformers: the same documents, in a small process of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported import CHARACTERS, NOTES, TOKENIZER, exported, predictor, small_model
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_cner import Document, Predictor
from hf_cner.data.documents import to_row
from hf_cner.modeling.characters import CharacterTable
from hf_cner.runtime import GraphError, GraphPredictor, engines, load
from hf_cner.runtime.engines import check_backend
from hf_cner.runtime.tokens import Tokens

pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

ROOT = Path(__file__).parents[2]
MOST_MEMORY = 300 << 20  # bytes
LONGEST_IMPORT = 0.3  # seconds
ALONE = """
import sys, time

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers"):
            raise ImportError(f"{name} is blocked")

if sys.argv[2] == "blocked":
    sys.meta_path.insert(0, Blocked())
begin = time.process_time()
import hf_cner.runtime
took = time.process_time() - begin
import json, resource
from hf_cner.data.documents import to_row
rows = [to_row(document) for document in hf_cner.runtime.load(sys.argv[1])(json.load(sys.stdin))]
loaded = sorted({"torch", "transformers"} & set(sys.modules))
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if sys.platform == "linux":  # what getrusage says there begins with the memory of the process that started this one
    memory = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
print(json.dumps({"rows": rows, "took": took, "memory": memory, "loaded": loaded}))
"""


def alone(python: str, how: str, **environment: str) -> dict[str, Any]:
    """What a process of its own finds in `NOTES`."""
    done = subprocess.run(
        [python, "-c", ALONE, str(exported()), how],
        input=json.dumps(NOTES),
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_same(rows: list[dict[str, Any]]) -> None:
    expected = [to_row(document) for document in predictor()(NOTES)]
    for row, wanted in zip(rows, expected, strict=True):
        scores = [[entity.pop("score") for entity in of["entities"]] for of in (row, wanted)]
        assert row == wanted
        np.testing.assert_allclose(*scores, atol=1e-5)  # emissions in float32


def test_a_process_without_torch_finds_the_same() -> None:
    found = alone(sys.executable, "blocked", PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    assert_same(found["rows"])
    assert found["loaded"] == [] and found["memory"] < MOST_MEMORY and found["took"] < LONGEST_IMPORT


@pytest.mark.slow
def test_an_environment_without_torch_finds_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = str(tmp_path / "env" / "bin" / "python")
    needed = ["numpy", "tokenizers", "onnxruntime", "regex", "wrapt"]
    pip = [python, "-m", "pip", "install", "-q", "-c", str(ROOT / "constraints.txt")]
    if subprocess.run([*pip, *needed], check=False).returncode:
        pytest.skip("the package index cannot be reached")
    assert subprocess.run([python, "-c", "import torch"], check=False, capture_output=True).returncode
    found = alone(python, "free", PYTHONPATH=str(ROOT))
    assert_same(found["rows"])
    assert found["memory"] < MOST_MEMORY


@pytest.mark.parametrize("options", [{}, {"batch_tokens": 7}, {"windows": {"max_length": 9, "overlap": 2}}], ids=str)
def test_documents_are_the_predictor_s(options: dict[str, Any]) -> None:
    plain = Predictor(small_model(), TOKENIZER, **options)
    found = GraphPredictor(exported(), threads=1, **options)
    assert found(NOTES) == plain(NOTES)
    assert found.entity_types == plain.entity_types and found.windows == plain.windows
    document = Document(NOTES[0], id="7", record="r")
    assert [(d.id, d.record) for d in found(document)] == [("7", "r")]
    counts: list[int] = []
    list(found.predict(NOTES, progress=counts.append))
    assert sum(counts) == sum(map(len, NOTES))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.sampled_from(CHARACTERS + "😀\u0301\r\n\u3000İ\x00\u2028"), max_size=60), max_size=5))
def test_any_texts(texts: list[str]) -> None:
    assert load(exported())(texts) == predictor()(texts)


def test_without_scores_there_are_none() -> None:
    found = load(exported(), scores=False)(NOTES)
    assert found == predictor()(NOTES) and {span.score for document in found for span in document.spans} == {None}


def test_the_tokenizer_is_the_checkpoint_s() -> None:
    ours, theirs = (CharacterTable(tokenizer) for tokenizer in (Tokens(exported()), TOKENIZER))
    text = CHARACTERS + "İ😀\r\n[SEP][PAD]"
    assert ours.encode(text) == theirs.encode(text)
    for name in ("prefix", "suffix", "pad_token_id", "padding_side", "token_types", "non_unit_ids"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_a_backend_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GraphError, match=r"needs the package openvino: pip install '\.\[openvino\]'"):
        check_backend("openvino")


def test_folders_that_are_no_graph(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"export.json is missing; give the folder that hf-cner export wrote"):
        load(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(GraphError, match=r"holds a checkpoint and no exported graph; export it: hf-cner"):
        Predictor.from_pretrained(tmp_path, backend="onnx")
    with pytest.raises(GraphError, match="Unknown backend 'tflite'; choose one of onnx, openvino, torch"):
        Predictor.from_pretrained(exported(), backend="tflite")
    with pytest.raises(GraphError, match=r"is a graph for onnx, not for openvino; export the model with --to openvino"):
        Predictor.from_pretrained(exported(), backend="openvino")


def test_files_that_are_missing_or_others(tmp_path: Path) -> None:
    folder = tmp_path / "graph"
    shutil.copytree(exported(), folder)
    whole = (folder / "decoder.onnx").read_bytes()
    (folder / "decoder.onnx").write_bytes(whole[:-1])
    with pytest.raises(GraphError, match=r"decoder.onnx is not the graph that export.json describes"):
        load(folder)
    (folder / "decoder.onnx").unlink()
    with pytest.raises(GraphError, match=r"decoder.onnx is missing, which export.json names"):
        load(folder)
    (folder / "decoder.onnx").write_bytes(whole)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(GraphError, match=r"The tokenizer in .* is broken"):
        load(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(GraphError, match=r"tokenizer.json is missing; copy the whole folder"):
        load(folder)


def test_options_that_a_graph_does_not_have() -> None:
    with pytest.raises(GraphError, match="runs on the CPU, not on cuda"):
        Predictor.from_pretrained(exported(), device="cuda")
    with pytest.raises(GraphError, match=r"takes no threshold, dtype; leave it out"):
        Predictor.from_pretrained(exported(), dtype="bfloat16", threshold=0.3)
    with pytest.raises(ValueError, match="batch_tokens is 0; it must be at least 1"):
        load(exported(), batch_tokens=0)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
@pytest.mark.parametrize("text", [NOTES[0], NOTES[3]], ids=["one window", "several"])
def test_scores_that_are_no_numbers_are_not_decoded(broken: float, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = load(exported())
    run = found._model.run

    def spoilt(*arguments: Any) -> list[np.ndarray]:
        emissions, *rest = run(*arguments)
        emissions[:, 0] = broken
        return [emissions, *rest]

    monkeypatch.setattr(found._model, "run", spoilt)
    with pytest.raises(FloatingPointError, match=r"The graph's scores are not numbers \(NaN or infinity\)"):
        found(text)


SIGNALLED = """
import gc, os, signal, sys, threading
from pathlib import Path
from hf_cner.runtime import load

said = []
signal.signal(signal.SIGUSR1, lambda *_: said.append("signal"))

def released_in_a_thread():
    thread = threading.Thread(target=made.clear)
    thread.start()
    thread.join()

for release in (lambda: made.clear(), released_in_a_thread):
    made = [load(Path(sys.argv[1]), backend="openvino") for _ in range(2)]
    release()
    gc.collect()
    os.kill(os.getpid(), signal.SIGUSR1)
assert said == ["signal"] * 2
"""


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there is no SIGUSR1")
def test_a_signal_is_handled_after_openvino_s_predictors_are_gone() -> None:
    """Each released core of OpenVINO took away the stack on which Python handles signals: Ctrl-C was a crash."""
    pytest.importorskip("openvino")
    command = [sys.executable, "-c", SIGNALLED, str(exported("openvino"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
