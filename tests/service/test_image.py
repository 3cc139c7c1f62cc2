"""The steps of the Dockerfile, run in an environment of their own, because no Docker daemon can be asked of a test."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "fixtures" / "checkpoints" / "tagging-bilstm-crf"
LINES = [
    line.strip()
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
PORT = "8773"


def only(word: str) -> str:
    (found,) = [line.removeprefix(word).strip() for line in LINES if line.startswith(word + " ")]
    return found


def test_nobody_is_root() -> None:
    user = only("USER")
    assert LINES.index(f"USER {user}") < LINES.index(f"ENTRYPOINT {only('ENTRYPOINT')}")
    assert f"useradd --uid 10001 --create-home {user}" in "\n".join(LINES)


def test_compose_and_image_agree() -> None:
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"].values()
    assert service["command"][: len(json.loads(only("CMD")))] == json.loads(only("CMD"))
    assert service["ports"] == [f"127.0.0.1:{only('EXPOSE')}:8000"] and service["read_only"]


def test_what_is_copied_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[0] == "!"}
    copied = [line.split()[1:-1] for line in LINES if line.startswith("COPY ")]
    assert {name for names in copied for name in names} == kept
    assert all((ROOT / name).exists() for name in kept)


@pytest.mark.slow
def test_the_steps_make_a_service(tmp_path: Path) -> None:
    environment, app = tmp_path / "venv", tmp_path / "app"
    venv.create(environment, with_pip=True)
    app.mkdir()
    for line in LINES:
        if line.startswith("COPY "):
            for name in line.split()[1:-1]:
                copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
                copy(ROOT / name, app / name)
    variables = {**os.environ, "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}", "TORCH_INDEX": ""}
    variables |= dict(pair.split("=", 1) for pair in shlex.split(only("ENV")))
    variables.pop("PYTHONPATH", None)
    (install,) = [line.removeprefix("RUN ") for line in LINES if line.startswith("RUN python")]
    # Where this runs, pip's own settings say which index holds torch's builds for CPUs.
    install = install.replace('--extra-index-url "$TORCH_INDEX"', "")
    done = subprocess.run(install, shell=True, cwd=app, env=variables, capture_output=True, text=True)
    if "No matching distribution" in done.stderr or "Connection" in done.stderr:
        pytest.skip("the packages cannot be fetched: " + done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    command = [*json.loads(only("ENTRYPOINT")), *json.loads(only("CMD"))]
    command = [{"/model": str(MODEL), "8000": PORT, "0.0.0.0": "127.0.0.1"}.get(word, word) for word in command]
    health = json.loads(re.sub(r"^.*?CMD ", "", only("HEALTHCHECK")).replace("8000", PORT))
    service = subprocess.Popen(command, cwd=tmp_path, env=variables)
    try:
        deadline = time.monotonic() + 120
        while subprocess.run(health, env=variables, capture_output=True).returncode:
            assert service.poll() is None and time.monotonic() < deadline
            time.sleep(0.5)
    finally:
        service.send_signal(signal.SIGTERM)
        assert service.wait(60) in (0, -signal.SIGTERM), sys.platform
