"""The real Label Studio and the real doccano import what `hf-cner` writes and export it again: are the spans the same?

    python -m venv ls  && ls/bin/pip install label-studio==1.23.2
    python -m venv dc  && dc/bin/pip install doccano==1.8.4 'marshmallow<4' 'setuptools<80' 'numpy<2'
    python benchmarks/annotation_tools.py --label-studio ls/bin/label-studio --doccano dc/bin/doccano

Each tool is started on the loopback interface with a data base (SQLite) in a temporary folder, which is removed. The
texts are invented; they hold what offsets are miscounted by: characters of two UTF-16 units, combining marks, joined
emoji, CRLF, lone CR, TAB, wide blanks, HTML. Exit code 1 where a text or a span comes back otherwise.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from hf_cner.data.corpora import read_corpus
from hf_cner.data.documents import Document, Span
from hf_cner.data.formats.label_studio import labelling_config
from hf_cner.data.problems import Problems
from hf_cner.data.registry import entry

PLAIN = Document("患者头痛3天，查胸部CT。", (Span(2, 4, "症状"), Span(8, 10, "身体部位")), "plain", "r1")
HOSTILE = "🧠头痛，e\u0301咳👩\u200d⚕\ufe0f。\r\n查\u3000胸部\tCT\r  予<b>热敷</b>&amp; 𠀀"
CORPUS = [
    PLAIN,
    Document(HOSTILE, (Span(1, 3, "症状"), Span(4, 7, "症状"), Span(15, 17, "身体部位")), "hostile", "r2"),
    Document("无发热。", (), "empty", "r2"),
]
WAIT = 300  # seconds until a tool must answer
TOKEN, PASSWORD = "0123456789abcdef" * 2 + "01234567", "not-a-secret-1"
Json = dict[str, object] | list[object]


def label_studio(executable: str, folder: Path) -> list[Document]:
    """What Label Studio gives back of the corpus, as annotations."""
    port = _free_port()
    who = ["--username", "a@example.com", "--password", PASSWORD, "--user-token", TOKEN, "--enable-legacy-api-token"]
    start = [executable, "start", "--no-browser", "--internal-host", "127.0.0.1", "--port", str(port), *who]
    environment = {"LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"), "COLLECT_ANALYTICS": "false", "SENTRY_DSN": ""}
    written = folder / "tasks.json"
    entry("label-studio").write(CORPUS, written)
    address, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Token {TOKEN}"}
    with _running([start], environment, folder, f"{address}/health"):
        config = labelling_config(sorted({span.type for document in CORPUS for span in document.spans}))
        project = _call(f"{address}/api/projects", headers, {"title": "hf_cner", "label_config": config})
        number = project["id"]  # type: ignore[call-overload]
        _call(f"{address}/api/projects/{number}/import", headers, json.loads(written.read_text(encoding="utf-8")))
        for form in ("JSON", "JSON_MIN"):
            export = f"{address}/api/projects/{number}/export?exportType={form}&download_all_tasks=true"
            (folder / f"{form}.json").write_bytes(_get(export, headers))
    full, short = (_read("label-studio", folder / f"{form}.json") for form in ("JSON", "JSON_MIN"))
    if _content(full) != _content(short):
        raise SystemExit(f"Label Studio: JSON and JSON-MIN differ: {_content(full)} {_content(short)}")
    return full


def doccano(executable: str, folder: Path) -> list[Document]:
    """What doccano gives back of the corpus."""
    port = _free_port()
    environment = {"DOCCANO_HOME": str(folder), "HOME": str(folder), "DATABASE_URL": f"sqlite:///{folder}/doccano.db"}
    for command in (["init"], ["createuser", "--username", "admin", "--password", PASSWORD]):
        subprocess.run(
            [executable, *command], env=os.environ | environment, cwd=folder, check=True, capture_output=True
        )
    written = folder / "a.jsonl"
    entry("doccano").write(CORPUS, written)
    address = f"http://127.0.0.1:{port}"
    server = [executable, "webserver", "--port", str(port), "--workers", "1"]
    with _running([server, [executable, "task", "--concurrency", "1"]], environment, folder, f"{address}/v1/health/"):
        login = _call(f"{address}/v1/auth/login/", {}, {"username": "admin", "password": PASSWORD})
        headers = {"Authorization": f"Token {login['key']}"}  # type: ignore[call-overload]
        kind = {
            "project_type": "SequenceLabeling",
            "resourcetype": "SequenceLabelingProject",
            "allow_overlapping": True,
        }
        about = {"name": "hf_cner", "description": "hf_cner", "guideline": "", "tags": [], **kind}
        project = f"{address}/v1/projects/{_call(f'{address}/v1/projects', headers, about)['id']}"  # type: ignore[call-overload]
        upload = _upload(f"{address}/v1/fp/process/", headers, written)
        how = {"format": "JSONL", "task": "SequenceLabeling", "uploadIds": [upload]}
        columns = {"column_data": "text", "column_label": "label", "encoding": "utf_8", "delimiter": ""}
        task = _call(f"{project}/upload", headers, {**how, **columns})["task_id"]  # type: ignore[call-overload]
        _until(lambda: json.loads(_get(f"{address}/v1/tasks/status/{task}", headers)).get("ready"))
        task = _call(f"{project}/download", headers, {"format": "JSONL", "exportApproved": False})["task_id"]  # type: ignore[call-overload]
        packed = b""

        def ready() -> bool:
            nonlocal packed
            packed = _get(f"{project}/download?taskId={task}", headers)
            return packed.startswith(b"PK")

        _until(ready)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (folder / "export.jsonl").write_bytes(archive.read(archive.namelist()[0]))
    return _read("doccano", folder / "export.jsonl")


def _read(name: str, path: Path) -> list[Document]:
    problems = Problems()
    documents = read_corpus(name, path, problems=problems)
    for note in problems.notes.values():
        print(note)
    return documents


def _content(documents: list[Document]) -> list[tuple[str, str, tuple[Span, ...]]]:
    return sorted((document.id, document.text, document.spans) for document in documents)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _call(address: str, headers: dict[str, str], content: Json) -> dict[str, object]:
    request = Request(address, json.dumps(content).encode(), {**headers, "Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=120) as answer:
            found: dict[str, object] = json.loads(answer.read())
            return found
    except HTTPError as error:
        raise SystemExit(f"{address}: {error.code} {error.read()[:500]!r}") from error


def _get(address: str, headers: dict[str, str]) -> bytes:
    with urlopen(Request(address, headers=headers), timeout=120) as answer:
        return bytes(answer.read())


def _upload(address: str, headers: dict[str, str], path: Path) -> str:
    """A file sent as a form, as a browser does."""
    edge = "edge-of-a-part"
    head = f'--{edge}\r\nContent-Disposition: form-data; name="filepond"; filename="{path.name}"\r\n'
    body = (
        head.encode() + b"Content-Type: application/json\r\n\r\n" + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
    )
    sent = {**headers, "Content-Type": f"multipart/form-data; boundary={edge}"}
    with urlopen(Request(address, body, sent), timeout=120) as answer:
        return str(answer.read().decode())


def _until(done: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT
    while not done():
        if time.monotonic() > end:
            raise SystemExit(f"no answer after {WAIT} s")
        time.sleep(1)


@contextmanager
def _running(commands: list[list[str]], environment: dict[str, str], folder: Path, health: str) -> Iterator[None]:
    """Programs that are ended with the block, once the first of them answers."""
    log = (folder / "log").open("wb")
    started = [
        subprocess.Popen(
            command, env=os.environ | environment, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
        for command in commands
    ]

    def answers() -> bool:
        try:
            return bool(_get(health, {}))
        except HTTPError:
            return True
        except OSError:
            return False

    try:
        _until(answers)
        yield
    finally:
        for process in started:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)
        log.close()


TOOLS: dict[str, Callable[[str, Path], list[Document]]] = {"label-studio": label_studio, "doccano": doccano}


def main() -> int:
    """Try the tools that are named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in TOOLS:
        parser.add_argument(f"--{name}", metavar="PROGRAM", help="the program in its environment")
    given = vars(parser.parse_args())
    failed = 0
    for name, tool in TOOLS.items():
        program = given[name.replace("-", "_")]
        if program is None:
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            same = _content(tool(os.path.abspath(program), Path(folder))) == _content(CORPUS)
        failed += not same
        spans = sum(len(document.spans) for document in CORPUS)
        outcome = "the same" if same else "NOT THE SAME"
        print(
            f"{name}: {len(CORPUS)} texts, {spans} spans there and back: {outcome} ({time.monotonic() - begin:.0f} s)"
        )
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
