"""A Hub small enough to read: the endpoints that `huggingface_hub` uses, in memory, on this machine's loopback only.

One user, one token. Repositories are private or public, have commits, and keep large files by LFS.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_of_the_tests"
LARGEST = 64 << 20  # of one request
LFS_FROM = 4096  # bytes; smaller files are committed as they are
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Repo:
    """One repository: its files after each commit."""

    private: bool
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)
    lfs: set[str] = field(default_factory=set)  # names that are kept by LFS

    def commit(self, files: dict[str, bytes]) -> str:
        content = repr([(name, hashlib.sha1(data).hexdigest()) for name, data in sorted(files.items())])
        oid = hashlib.sha1(f"{len(self.commits)} {content}".encode()).hexdigest()
        self.commits.append((oid, files))
        return oid

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        if revision == "main":
            return self.commits[-1]
        return next((commit for commit in self.commits if commit[0] == revision), None)


@dataclass
class Hub:
    """What the server holds, and what it was asked."""

    endpoint: str = ""
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def files(self, name: str, kind: str = "model") -> dict[str, bytes]:
        """The files at the head of a repository, without the Hub's own."""
        return {path: data for path, data in self.repos[kind, name].commits[-1][1].items() if path != ".gitattributes"}


def reply(value: Any, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(value).encode()


def refuse(status: int, code: str, message: str = "") -> Answer:
    return status, {"X-Error-Code": code, "X-Error-Message": message or code}, b""


NOT_FOUND = refuse(404, "RepoNotFound", "Repository not found")
REPO = r"(?P<repo>[^/]+/[^/]+)"
API = rf"/api/(?P<kind>models|datasets)/{REPO}"
FILE = rf"/(?:(?P<kind>datasets)/)?{REPO}"


class Handler(BaseHTTPRequestHandler):
    """Each route is a method; its regular expression stands in ROUTES."""

    protocol_version = "HTTP/1.1"
    timeout = 20
    server: Server

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def answer(self) -> None:
        hub = self.server.hub
        url = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        length = int(self.headers.get("Content-Length") or 0)
        assert length <= LARGEST
        self.body = self.rfile.read(length)
        verb = "GET" if self.command == "HEAD" else self.command
        self.known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        result = refuse(404, "EntryNotFound")
        with hub.lock:
            hub.requests.append(f"{self.command} {url.path}")
            for route, pattern, method in ROUTES:
                match = re.fullmatch(pattern, unquote(url.path))
                if route == verb and match:
                    result = method(self, hub, **match.groupdict())
                    break
        status, headers, content = result
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def json(self) -> Any:
        return json.loads(self.body)

    def find(self, hub: Hub, kind: str | None, repo: str, *, write: bool = False) -> Repo | Answer:
        found = hub.repos.get(("dataset" if kind == "datasets" else "model", repo))
        if found is None or (found.private and not self.known):
            return NOT_FOUND if self.known else refuse(401, "RepoNotFound", "Repository not found")
        return refuse(403, "Forbidden", "no right to write") if write and not self.known else found

    def whoami(self, hub: Hub) -> Answer:
        return reply({"name": "tester", "type": "user", "orgs": []}) if self.known else refuse(401, "InvalidToken")

    def create(self, hub: Hub) -> Answer:
        wanted = self.json()
        kind = wanted.get("type") or "model"
        owner = wanted.get("organization") or "tester"
        name = f"{owner}/{wanted['name']}"
        url = f"{hub.endpoint}/{'datasets/' if kind == 'dataset' else ''}{name}"
        if not self.known or owner == "closed":
            return refuse(403 if self.known else 401, "Forbidden", "no right to create it")
        if (kind, name) in hub.repos:
            return reply({"error": "You already created this repo", "url": url}, 409)
        private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
        hub.repos[kind, name] = repo = Repo(private=private)
        repo.commit({".gitattributes": b"*.safetensors filter=lfs\n"})
        return reply({"url": url, "name": name})

    def validate(self, hub: Hub) -> Answer:
        text = self.json()["content"]
        errors = [] if text.startswith("---\n") else [{"message": '"metadata" is missing'}]
        return reply({"errors": errors, "warnings": []}, 400 if errors else 200)

    def preupload(self, hub: Hub, kind: str, repo: str) -> Answer:
        found = self.find(hub, kind, repo, write=True)
        if not isinstance(found, Repo):
            return found
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["size"] >= LFS_FROM else "regular",
                "shouldIgnore": False,
            }
            for file in self.json()["files"]
        ]
        return reply({"files": modes})

    def lfs_batch(self, hub: Hub, kind: str | None, repo: str) -> Answer:
        found = self.find(hub, kind, repo, write=True)
        if not isinstance(found, Repo):
            return found
        objects = []
        for wanted in self.json()["objects"]:
            actions = {"upload": {"href": f"{hub.endpoint}/lfs/{wanted['oid']}"}}
            objects.append(wanted if wanted["oid"] in hub.objects else {**wanted, "actions": actions})
        return reply({"transfer": "basic", "objects": objects})

    def lfs_put(self, hub: Hub, oid: str) -> Answer:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return refuse(400, "BadObject", "the content is not what its name says")
        hub.objects[oid] = self.body
        return reply({})

    def commit(self, hub: Hub, kind: str, repo: str) -> Answer:
        found = self.find(hub, kind, repo, write=True)
        if not isinstance(found, Repo):
            return found
        head, files = found.commits[-1][0], dict(found.commits[-1][1])
        for line in self.body.splitlines():
            operation = json.loads(line)
            key, value = operation["key"], operation["value"]
            if key == "header" and value.get("parentCommit") not in (None, head):
                return refuse(412, "PreconditionFailed", "A commit has happened since")
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
                found.lfs.discard(value["path"])
            elif key == "lfsFile":
                files[value["path"]] = hub.objects[value["oid"]]
                found.lfs.add(value["path"])
            elif key == "deletedFile":
                del files[value["path"]]
        oid = found.commit(files)
        return reply({"commitUrl": f"{hub.endpoint}/{repo}/commit/{oid}", "commitOid": oid, "success": True})

    def info(self, hub: Hub, kind: str, repo: str, revision: str | None = None) -> Answer:
        found = self.find(hub, kind, repo)
        if not isinstance(found, Repo):
            return found
        commit = found.at(revision or "main")
        if commit is None:
            return refuse(404, "RevisionNotFound")
        siblings = [{"rfilename": name} for name in commit[1]]
        return reply({"id": repo, "private": found.private, "sha": commit[0], "siblings": siblings, "tags": []})

    def tree(self, hub: Hub, kind: str, repo: str, revision: str, path: str | None) -> Answer:
        found = self.find(hub, kind, repo)
        if not isinstance(found, Repo):
            return found
        commit = found.at(revision)
        prefix = f"{path}/" if path else ""
        inside = {} if commit is None else {n: d for n, d in commit[1].items() if n.startswith(prefix)}
        if not inside:
            return refuse(404, "EntryNotFound")
        deep = self.query.get("recursive", "").lower() in ("true", "1")
        rows = [_row(n, d, n in found.lfs) for n, d in inside.items() if deep or "/" not in n.removeprefix(prefix)]
        folders = {prefix + n.removeprefix(prefix).split("/")[0] for n in inside if "/" in n.removeprefix(prefix)}
        return reply([*rows, *({"type": "directory", "path": name, "oid": "0" * 40} for name in sorted(folders))])

    def resolve(self, hub: Hub, kind: str | None, repo: str, revision: str, path: str) -> Answer:
        found = self.find(hub, kind, repo)
        if not isinstance(found, Repo):
            return found
        commit = found.at(revision)
        if commit is None:
            return refuse(404, "RevisionNotFound")
        if path not in commit[1]:
            status, headers, body = refuse(404, "EntryNotFound")
            return status, {**headers, "X-Repo-Commit": commit[0]}, body
        data = commit[1][path]
        row = _row(path, data, path in found.lfs)
        etag = row["lfs"]["oid"] if "lfs" in row else row["oid"]
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit[0], "Content-Type": "application/octet-stream"}
        if "lfs" in row:
            headers |= {"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(data))}
        return _part(data, headers, self.headers.get("Range"))


def _row(name: str, data: bytes, lfs: bool) -> dict[str, Any]:
    git = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
    row: dict[str, Any] = {"type": "file", "path": name, "size": len(data), "oid": git}
    if lfs:
        row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return row


def _part(data: bytes, headers: dict[str, str], wanted: str | None) -> Answer:
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "")
    if not match:
        return 200, headers, data
    first, last = int(match[1]), int(match[2] or len(data) - 1)
    return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}, data[first : last + 1]


ROUTES = (
    ("GET", r"/api/whoami-v2", Handler.whoami),
    ("POST", r"/api/repos/create", Handler.create),
    ("POST", r"/api/validate-yaml", Handler.validate),
    ("POST", rf"{API}/preupload/main", Handler.preupload),
    ("POST", rf"{FILE}\.git/info/lfs/objects/batch", Handler.lfs_batch),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", Handler.lfs_put),
    ("POST", rf"{API}/commit/main", Handler.commit),
    ("GET", rf"{API}(?:/revision/(?P<revision>[^/]+))?", Handler.info),
    ("GET", rf"{API}/tree/(?P<revision>[^/]+)(?:/(?P<path>.+))?", Handler.tree),
    ("GET", rf"{FILE}/resolve/(?P<revision>[^/]+)/(?P<path>.+)", Handler.resolve),
)


class Server(ThreadingHTTPServer):
    """Listens on a free port of the loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.hub = Hub(endpoint=f"http://127.0.0.1:{self.server_address[1]}")


@contextmanager
def running() -> Iterator[Hub]:
    """A Hub that listens until the block ends."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)
