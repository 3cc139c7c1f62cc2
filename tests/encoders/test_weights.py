from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from published_shapes import write
from safetensors.torch import save_file

from hf_cner.encoders import weights
from hf_cner.encoders.findings import Findings
from hf_cner.encoders.locate import weight_files
from hf_cner.encoders.weights import read_weights

TENSORS = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def read(folder: Path) -> tuple[dict[str, torch.Tensor], Findings]:
    findings = Findings("somewhere")
    return read_weights(weight_files(folder), findings), findings


class Runs:
    """Runs a function when it is unpickled, if anything lets it."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("function", ["eval", "system"])
def test_a_pickle_that_holds_code_is_refused_by_name_and_runs_nothing(
    function: str, zipped: bool, tmp_path: Path
) -> None:
    mark = tmp_path / "it-ran"
    if function == "eval":
        evil, name = Runs(eval, f"open({str(mark)!r}, 'w').close()"), "builtins.eval"
    else:
        evil, name = Runs(os.system, f"touch {mark}"), f"{os.system.__module__}.system"
    torch.save({**TENSORS, "z": evil}, tmp_path / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    with pytest.raises(
        ValueError, match=rf"^pytorch_model.bin holds a {name}, not only tensors; nothing of it was run"
    ):
        read(tmp_path)
    assert not mark.exists()


@pytest.mark.parametrize(
    "held, name",
    [
        (argparse.Namespace(lr=1), "argparse.Namespace"),
        (np.zeros(2), "numpy._core.multiarray._reconstruct"),
        (torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
    ],
    ids=["arguments", "array", "module"],
)
def test_other_objects_are_refused_by_name(held: Any, name: str, tmp_path: Path) -> None:
    torch.save({**TENSORS, "z": held}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"holds a .*, not only tensors") as caught:
        read(tmp_path)
    assert name.rpartition(".")[2] in str(caught.value)


def test_a_plain_pickle_with_code_is_refused_too(tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    with (tmp_path / "pytorch_model.bin").open("wb") as stream:
        pickle.dump({"a": Runs(eval, f"open({str(mark)!r}, 'w').close()")}, stream)
    with pytest.raises(ValueError, match=r"no file of weights that torch.save wrote, or is damaged|not only tensors"):
        read(tmp_path)
    assert not mark.exists()


def test_an_old_torch_reads_no_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(TENSORS, tmp_path / "pytorch_model.bin")
    monkeypatch.setattr(weights.torch, "__version__", "2.5.1+cpu")
    with pytest.raises(ValueError, match=r"is read safely by torch 2.6 or newer alone; found torch 2.5.1"):
        read(tmp_path)
    monkeypatch.setattr(weights.torch, "__version__", "2.10.0")
    assert set(read(tmp_path)[0]) == set(TENSORS)


@pytest.mark.parametrize("damage", ["half", "junk", "empty"])
@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_damaged_files_are_one_sentence(damage: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / ("model.safetensors" if form == "safetensors" else "pytorch_model.bin")
    if form == "safetensors":
        save_file({"a": torch.zeros(5000)}, path)
    else:
        torch.save({"a": torch.zeros(5000)}, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    path.write_bytes({"half": whole[: len(whole) // 2], "junk": b"junk" * 100, "empty": b""}[damage])
    with pytest.raises(ValueError, match=f"{path.name} is .*download it again") as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content, said",
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a pointer of Git LFS"),
        (b"<!DOCTYPE html><html></html>", "is a web page, not the file itself"),
    ],
    ids=["lfs", "html"],
)
@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_what_stands_in_the_place_of_a_file_is_named(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=said):
        read(tmp_path)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "module"])
def test_wrappers_of_training_scripts_are_taken_off(wrapper: str, tmp_path: Path) -> None:
    optimizer = {"state": {0: {"step": torch.zeros(1)}}, "param_groups": [{"lr": 0.1}]}
    torch.save({wrapper: TENSORS, "epoch": 3, "optimizer": optimizer}, tmp_path / "pytorch_model.bin")
    state, findings = read(tmp_path)
    assert set(state) == set(TENSORS) and findings.ignored == ["epoch", "optimizer"]
    assert findings.renamed == [f"the weights stood under {wrapper!r} in pytorch_model.bin"]


def test_what_is_no_tensor_beside_the_weights_is_named(tmp_path: Path) -> None:
    torch.save({**TENSORS, "epoch": 3, "args": {"lr": 0.1}}, tmp_path / "pytorch_model.bin")
    state, findings = read(tmp_path)
    assert set(state) == set(TENSORS) and findings.ignored == ["epoch (int)", "args (dict)"]


@pytest.mark.parametrize(
    "content, said",
    [
        ([torch.zeros(2)], "holds a list; expected weights by name"),
        (torch.zeros(2), "holds a Tensor; expected weights by name"),
        ({}, "holds nothing; expected weights by name"),
        ({"student": TENSORS, "epoch": 1}, "holds student, epoch; expected weights by name, or these under one of"),
        ({"model": TENSORS, "module": TENSORS}, "holds weights under model and under module; keep one"),
    ],
    ids=["list", "tensor", "nothing", "unknown-wrapper", "two-wrappers"],
)
def test_other_contents_are_refused_by_name(content: Any, said: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=said):
        read(tmp_path)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(2, 2).to_sparse(),
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        torch.zeros(2, dtype=torch.complex64),
        torch.zeros(1).expand(10**12),
    ],
    ids=["sparse", "quantised", "complex", "larger than its memory"],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_that_are_no_plain_numbers_are_refused_by_name(tensor: torch.Tensor, tmp_path: Path) -> None:
    torch.save({**TENSORS, "odd": tensor}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="odd as a tensor that is quantised, sparse, complex"):
        read(tmp_path)


def test_values_that_are_not_finite_are_refused_by_name(tmp_path: Path) -> None:
    torch.save({**TENSORS, "odd": torch.tensor([1.0, float("nan")])}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="found values in odd that are not finite"):
        read(tmp_path)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_precision_is_read_into_float32(dtype: torch.dtype, tmp_path: Path) -> None:
    save_file({name: tensor.to(dtype) for name, tensor in TENSORS.items()}, tmp_path / "model.safetensors")
    state = read(tmp_path)[0]
    assert all(tensor.dtype == torch.float32 and torch.equal(tensor, TENSORS[name]) for name, tensor in state.items())


def test_tied_weights_that_share_memory_are_read(tmp_path: Path) -> None:
    shared = torch.ones(3, 2)
    torch.save({"a": shared, "b": shared, "c": shared[1:]}, tmp_path / "pytorch_model.bin")
    assert {name: tuple(tensor.shape) for name, tensor in read(tmp_path)[0].items()} == {
        "a": (3, 2),
        "b": (3, 2),
        "c": (2, 2),
    }


def sharded(folder: Path, weight_map: Any, **parts: dict[str, torch.Tensor]) -> None:
    for name, part in parts.items():
        torch.save(part, folder / f"{name}.bin")
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": weight_map}))


@pytest.mark.parametrize("name", ["../x.bin", "/etc/passwd", "C:\\x.bin", "..\\x.bin", "", 3, ["x.bin"]])
def test_an_index_that_leads_out_of_the_folder_is_refused(name: Any, tmp_path: Path) -> None:
    sharded(tmp_path, {"a": name})
    with pytest.raises(ValueError, match="as the file of a; expected the name of a file in the same folder"):
        read(tmp_path)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    sharded(tmp_path, {"a": "one.bin", "b": "two.bin", "c": "three.bin"}, one={"a": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"no three\.bin, two\.bin; expected 3 files, as pytorch_model\.bin\.index"):
        read(tmp_path)


def test_parts_without_their_index_are_counted_by_their_names(tmp_path: Path) -> None:
    first, second = (tmp_path / f"pytorch_model-0000{n}-of-00002.bin" for n in (1, 2))
    torch.save({"a": torch.zeros(2)}, first)
    with pytest.raises(
        ValueError, match=r"found no pytorch_model-00002-of-00002\.bin; expected 2 files, as the name of"
    ):
        weight_files(tmp_path)
    torch.save({"b": torch.ones(2)}, second)
    assert set(read(tmp_path)[0]) == {"a", "b"}


def test_a_part_that_lacks_a_promised_weight_is_named(tmp_path: Path) -> None:
    sharded(tmp_path, {"a": "one.bin", "b": "one.bin"}, one={"a": torch.zeros(1)})
    with pytest.raises(ValueError, match="the index names b, which no file holds"):
        read(tmp_path)


def test_a_weight_in_two_parts_is_one_weight_or_a_fault(tmp_path: Path) -> None:
    parts = {"a": "one.bin", "b": "two.bin"}
    sharded(tmp_path, parts, one={"a": torch.ones(1)}, two={"a": torch.ones(1), "b": torch.ones(1)})
    assert set(read(tmp_path)[0]) == {"a", "b"}
    sharded(tmp_path, parts, one={"a": torch.ones(1)}, two={"a": torch.zeros(1), "b": torch.ones(1)})
    with pytest.raises(ValueError, match="found a, which another file holds with other numbers"):
        read(tmp_path)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"weight_map": 3}', "{}", "[" * 100_000], ids=["cut", "list", "number", "none", "deep"]
)
def test_a_broken_index_is_one_sentence(content: str, tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin.index.json").write_text(content)
    with pytest.raises(ValueError, match=r"pytorch_model.bin.index.json"):
        read(tmp_path)


@pytest.mark.parametrize(
    "file, said",
    [
        ("tf_model.h5", "found weights of TensorFlow alone .tf_model.h5."),
        ("bert_model.ckpt.index", "found weights of TensorFlow alone"),
        ("flax_model.msgpack", "found weights of Flax alone"),
        ("model_state.pdparams", "found weights of PaddlePaddle alone"),
        ("adapter_config.json", "holds an adapter of the peft library"),
        ("model.gguf", "weights of GGUF alone .model.gguf.; expected .*; choose a published copy for PyTorch[.]$"),
        ("onnx/model.onnx", "found weights of ONNX alone .onnx/model.onnx."),
        ("pytorch_model.bin.incomplete", "a download that was cut off; download the encoder again"),
        ("0_Transformer/pytorch_model.bin", "holds no weights, but its folder 0_Transformer does; name "),
        ("training_args.bin", "found no weights; expected model.safetensors or pytorch_model.bin"),
        (None, "found no weights"),
    ],
)
def test_folders_without_weights_of_torch_say_what_they_hold(file: str | None, said: str, tmp_path: Path) -> None:
    if file:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(b"x")
    with pytest.raises(ValueError, match=said):
        weight_files(tmp_path)


def test_the_order_of_weight_files(tmp_path: Path) -> None:
    save_file(TENSORS, tmp_path / "model.safetensors")
    torch.save({"x": Runs(eval, "1")}, tmp_path / "pytorch_model.bin")
    assert weight_files(tmp_path).files == (tmp_path / "model.safetensors",)
    (tmp_path / "model.safetensors").rename(tmp_path / "other.safetensors")
    assert weight_files(tmp_path).files == (tmp_path / "pytorch_model.bin",)
    (tmp_path / "pytorch_model.bin").unlink()
    assert weight_files(tmp_path).files == (tmp_path / "other.safetensors",)
    save_file(TENSORS, tmp_path / "another.safetensors")
    with pytest.raises(ValueError, match=r"found 2 files .*another\.safetensors, other\.safetensors.*leave only the"):
        weight_files(tmp_path)


def test_our_own_checkpoints_stay_safetensors_alone(tmp_path: Path) -> None:
    from hf_cner.modeling.encoder_pretrained import load_pretrained

    write(tmp_path / "published")
    with pytest.raises(ValueError, match="only as a pickle"):
        load_pretrained(tmp_path / "published")


def test_parameters_and_a_state_dict_as_torch_makes_it_are_read(tmp_path: Path) -> None:
    layer = torch.nn.Linear(2, 2)
    torch.save(layer.state_dict(), tmp_path / "pytorch_model.bin")  # an OrderedDict with a _metadata of its own
    assert set(read(tmp_path)[0]) == {"weight", "bias"}
    torch.save(dict(layer.named_parameters()), tmp_path / "pytorch_model.bin")
    state = read(tmp_path)[0]
    assert torch.equal(state["weight"], layer.weight.detach()) and not state["weight"].requires_grad


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors", "index"])
def test_a_changed_byte_is_read_or_one_sentence(form: str, tmp_path: Path) -> None:
    chance = random.Random(form)
    if form == "safetensors":
        path = tmp_path / "model.safetensors"
        save_file(TENSORS, path)
    elif form == "index":
        sharded(tmp_path, {"a": "one.bin"}, one={"a": torch.zeros(1)})
        path = tmp_path / "pytorch_model.bin.index.json"
    else:
        path = tmp_path / "pytorch_model.bin"
        torch.save(TENSORS, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    for _ in range(150):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            read(tmp_path)
        except ValueError as error:
            assert "\n" not in str(error) and len(str(error)) < 1000


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save({"a": torch.zeros(100_000)}, path)
    with zipfile.ZipFile(path) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match="it is a compressed archive"):
        read(tmp_path)
