"""Folders onto a Hub over real HTTP: what arrives, and what is refused, each in one sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import HfApi, constants, hf_hub_download
from server import Hub

from hf_cner.hub.upload import UploadError, private_hub_without_xet, upload_folder

# The library's own way to send a large file by LFS.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

CARD = b"---\nlicense: mit\n---\n# A\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "data").mkdir(parents=True)
    (folder / "README.md").write_bytes(CARD)
    (folder / "data" / "large.bin").write_bytes(bytes(range(256)) * 40)
    return folder


def send(hub: Hub, folder: Path, repo: str = "ward/notes", **options: object) -> str:
    return upload_folder(folder, repo, endpoint=hub.endpoint, **options)  # type: ignore[arg-type]


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_everything_arrives_in_one_commit(hub: Hub, folder: Path, tmp_path: Path, kind: str) -> None:
    prefix = "" if kind == "model" else "datasets/"
    assert send(hub, folder, repo_type=kind) == f"{hub.endpoint}/{prefix}ward/notes"
    assert hub.files("ward/notes", kind) == content(folder)
    repo = hub.repos[kind, "ward/notes"]
    assert repo.private and len(repo.commits) == 2 and repo.lfs == {"data/large.bin"}
    path = hf_hub_download(
        "ward/notes", "data/large.bin", repo_type=kind, endpoint=hub.endpoint, cache_dir=tmp_path / "cache"
    )
    assert Path(path).read_bytes() == (folder / "data" / "large.bin").read_bytes()


def test_again_changes_nothing_and_a_part_is_completed(hub: Hub, folder: Path) -> None:
    send(hub, folder)
    send(hub, folder)
    assert len(hub.repos["model", "ward/notes"].commits) == 2
    (folder / "more.txt").write_text("more")
    send(hub, folder)
    assert hub.files("ward/notes") == content(folder)
    assert len(hub.repos["model", "ward/notes"].commits) == 3


def test_other_content_is_replaced_only_when_asked(hub: Hub, folder: Path) -> None:
    send(hub, folder)
    before = hub.files("ward/notes")
    (folder / "README.md").write_bytes(CARD + b"other\n")
    (folder / "data" / "large.bin").rename(folder / "small.bin")
    with pytest.raises(UploadError, match=r"exists with other content \(README.md, data/large.bin\).*--overwrite"):
        send(hub, folder)
    assert hub.files("ward/notes") == before
    send(hub, folder, overwrite=True)
    assert hub.files("ward/notes") == content(folder)
    assert hub.repos["model", "ward/notes"].commits[1][1]["README.md"] == CARD, "the history keeps it"


def test_many_other_files_are_counted(hub: Hub, folder: Path) -> None:
    send(hub, folder)
    hub.repos["model", "ward/notes"].commit({f"{number}.txt": b"x" for number in range(5)})
    with pytest.raises(UploadError, match=r"\(0.txt, 1.txt, 2.txt and 2 more\)"):
        send(hub, folder)


def test_a_public_repository_does_not_get_what_is_private(hub: Hub, folder: Path) -> None:
    send(hub, folder, private=False)
    assert not hub.repos["model", "ward/notes"].private
    with pytest.raises(UploadError, match=r"exists and is public; make it private .* --public"):
        send(hub, folder)
    send(hub, folder, private=False)


def test_no_token(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "no-token"))
    with pytest.raises(UploadError, match="no token for the Hub; log in by `hf auth login`, set HF_TOKEN, or give"):
        send(hub, folder)
    assert not hub.requests
    with pytest.raises(UploadError, match="does not know the token"):
        send(hub, folder, token="hf_wrong")
    assert not hub.repos


def test_no_right_to_write(hub: Hub, folder: Path) -> None:
    with pytest.raises(UploadError, match=r"refused closed/notes \(HTTP 403\): the token has no right to write there"):
        send(hub, folder, "closed/notes")


def test_no_network(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UploadError, match=r"http://127.0.0.1:9 cannot be reached .*copy the folder"):
        upload_folder(folder, "ward/notes", endpoint="http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UploadError, match="HF_HUB_OFFLINE is set, so ward/notes cannot be uploaded"):
        send(hub, folder)


@pytest.mark.parametrize("repo", ["notes", "a/b/c", ""])
def test_a_name_that_is_none(hub: Hub, folder: Path, repo: str) -> None:
    with pytest.raises(UploadError, match="expected ORGANISATION/NAME"):
        send(hub, folder, repo)
    with pytest.raises(UploadError, match="was not uploaded: "):
        send(hub, folder, "ward/no such name")


def test_a_card_that_the_hub_does_not_take(hub: Hub, folder: Path) -> None:
    (folder / "README.md").write_text("no metadata")
    with pytest.raises(UploadError, match='metadata" is missing'):
        send(hub, folder)
    assert hub.files("ward/notes") == {}


def test_nobodys_work_in_the_meantime_is_lost(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send(hub, folder)
    create, repo = HfApi.create_commit, hub.repos["model", "ward/notes"]

    def late(self: HfApi, *args: object, **options: object) -> object:
        repo.commit({"README.md": b"somebody else's"})
        return create(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(HfApi, "create_commit", late)
    (folder / "more.txt").write_text("more")
    with pytest.raises(UploadError, match=r"HTTP 412"):
        send(hub, folder)
    assert hub.files("ward/notes") == {"README.md": b"somebody else's"}


@pytest.mark.parametrize(
    ("endpoint", "given", "expected"),
    [
        ("https://hub.ward", None, "1"),
        ("https://hub.ward", "0", "0"),
        (None, None, None),
        ("https://huggingface.co", None, None),
    ],
)
def test_a_hub_of_ones_own_gets_lfs(
    endpoint: str | None, given: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HF_ENDPOINT", endpoint), ("HF_HUB_DISABLE_XET", given)):
        monkeypatch.setenv(name, "x")  # so that whatever is done is undone
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    private_hub_without_xet()
    assert os.environ.get("HF_HUB_DISABLE_XET") == expected
