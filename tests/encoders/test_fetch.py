from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants
from published_shapes import write
from server import Hub, Repo, running

from hf_cner.encoders.fetch import cached, local_folder, wanted
from hf_cner.encoders.published import open_encoder

NAME = "ward3/old-bert"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A Hub on the loopback that holds an encoder as a pickle, and an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    write(tmp_path / "published")
    files = {path.name: path.read_bytes() for path in (tmp_path / "published").iterdir()}
    with running() as found:
        monkeypatch.setattr(constants, "ENDPOINT", found.endpoint)
        template = f"{found.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        found.repos["model", NAME] = repo = Repo(private=False)
        repo.commit({**files, "tf_model.h5": b"large", "sub/other.bin": b"no", "README.md": b"about"})
        yield found


def test_an_encoder_is_fetched_once_and_then_taken_from_the_cache(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cached(NAME) is None
    first = open_encoder(NAME)
    assert first.findings.source == NAME
    assert {path.name for path in first.folder.iterdir()} == {"config.json", "pytorch_model.bin", "vocab.txt"}
    asked = len(hub.requests)
    again = open_encoder(NAME)
    assert len(hub.requests) == asked and again.folder == first.folder == cached(NAME)
    assert all(torch.equal(first.state[name], again.state[name]) for name in first.state)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert local_folder(NAME) == first.folder
    (first.folder / "pytorch_model.bin").unlink()  # a copy that is not whole is none
    with pytest.raises(ValueError, match="HF_HUB_OFFLINE is set, and the Hub's cache holds no whole copy"):
        local_folder(NAME)


def test_a_name_that_the_hub_does_not_have_is_one_sentence(hub: Hub) -> None:
    with pytest.raises(ValueError, match=r"'ward3/nobody' is not on this machine and could not be fetched from"):
        local_folder("ward3/nobody")


def test_a_machine_without_network_answers_soon_and_says_what_to_do(tmp_path: Path) -> None:
    code = (
        "import time; from hf_cner.encoders.fetch import local_folder; start = time.monotonic()\n"
        "try: local_folder('hfl/chinese-xlnet-base')\n"
        "except ValueError as error: print(time.monotonic() - start); print(error)"
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    own = {"HF_HOME": str(tmp_path), "HF_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=kept | own, timeout=120, check=True
    )
    seconds, sentence = done.stdout.splitlines()
    assert float(seconds) < 10  # one attempt; the client's own five take 23 seconds
    for part in ("hfl/chinese-xlnet-base", "HF_ENDPOINT", "HF_HUB_OFFLINE=1", "hf-cner encoder import"):
        assert part in sentence


def test_a_server_that_does_not_answer_is_left_after_some_seconds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("hf_cner.encoders.fetch.HUB_SECONDS", 0.2)
        start = time.monotonic()
        with pytest.raises(ValueError, match=r"could not be fetched from .*[Tt]ime"):
            local_folder("a/b")
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "name, said",
    [
        ("/nowhere/encoder", "(there is no such folder); set model.encoder.name_or_path"),
        ("./encoder", "there is no such folder"),
        ("a/b/c", "there is no such folder"),
        ("a\\b", "there is no such folder"),
        ("no name", "it is no folder here, and no name of the Hub"),
        ("a/b?c", "it is no folder here, and no name of the Hub"),
    ],
)
def test_what_is_neither_folder_nor_name_asks_nobody(name: str, said: str) -> None:
    with pytest.raises(ValueError, match="is not on this machine") as caught:
        local_folder(name)
    assert said in str(caught.value)


def test_a_file_is_no_encoder(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    with pytest.raises(ValueError, match="is a file; expected the folder"):
        local_folder(tmp_path / "model.bin")


def test_of_several_forms_of_weights_one_is_fetched() -> None:
    beside = ["config.json", "vocab.txt"]
    both = [*beside, "model.safetensors", "pytorch_model.bin", "flax_model.msgpack", "README.md", "onnx/model.onnx"]
    assert wanted(both) == [*beside, "model.safetensors"]
    parts = ["pytorch_model-1.bin", "pytorch_model-2.bin", "pytorch_model.bin.index.json"]
    assert set(wanted([*beside, *parts])) == {*beside, *parts}
    with pytest.raises(ValueError, match=r"holds no weights for PyTorch there, only config\.json, tf_model\.h5"):
        wanted(["config.json", "tf_model.h5"])
