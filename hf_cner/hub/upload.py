"""A folder onto a Hub, public or private, in one commit, and never over somebody else's files.

`HfApi.upload_folder` replaces whatever stands there without asking. In huggingface_hub 2.4 it makes several
commits, of which only the first is refused after somebody else's commit. So the commit is made here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.digests import file_digest
from ..data.folders import relative_files

if TYPE_CHECKING:  # a command that does not upload needs none of it
    from huggingface_hub import HfApi, RepoFile

KEPT = ".gitattributes"  # the Hub's own file in every repository
SECONDS = 15.0  # to find out whether the Hub can be reached


class UploadError(ValueError):
    """A folder that was not uploaded; the message says why, and what to do. No file on the Hub was changed."""


def upload_folder(
    folder: str | os.PathLike[str],
    repo: str,
    *,
    repo_type: str = "model",
    private: bool = True,
    token: str | None = None,
    overwrite: bool = False,
    message: str = "Upload with hf_cner",
    endpoint: str | None = None,
) -> str:
    """Make the repository what the folder is; returns its address.

    Uploading the same folder again changes nothing, and a repository that holds a part of it is completed.

    Args:
        repo: `organisation/name`.
        repo_type: `model` or `dataset`.
        private: a new repository is private; an existing one must be.
        token: default: `HF_TOKEN`, or what `hf auth login` saved.
        overwrite: replace other content. It stays in the history of the repository.
        endpoint: address of the Hub; default: `HF_ENDPOINT`, or the public one.

    Raises:
        UploadError: no token, no connection, no right to write, an invalid card, other content in the repository, or a
            public one where a private one is asked for.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    api = HfApi(endpoint=endpoint, token=token)
    folder = Path(folder)
    with _in_words(repo, api.endpoint):
        _check_token(api)
        head, there = _content(api, repo, repo_type, private)
        here = {name.as_posix(): folder / name for name in relative_files(folder)}
        other = [name for name, file in there.items() if name not in here or not _same(here[name], file)]
        if other and not overwrite:
            raise UploadError(
                f"{repo} at {api.endpoint} exists with other content ({_some(other)}); nothing was uploaded. Choose "
                "another name, or replace the content by --overwrite (it stays in the repository's history)."
            )
        if head is None:
            api.create_repo(repo, repo_type=repo_type, private=private, exist_ok=True)
        add = [CommitOperationAdd(name, str(path)) for name, path in here.items() if name not in there or name in other]
        delete = [CommitOperationDelete(name) for name in other if name not in here]
        if add or delete:
            # The parent commit: a commit made in the meantime is not lost.
            api.create_commit(
                repo,
                [*add, *delete],
                commit_message=message,
                repo_type=repo_type,
                parent_commit=head if there else None,
            )
    prefix = "" if repo_type == "model" else f"{repo_type}s/"
    return f"{api.endpoint}/{prefix}{repo}"


def private_hub_without_xet() -> None:
    """Upload to a Hub of one's own by LFS, which all servers speak.

    Uploads try the newer protocol Xet first and fail where a server has none. Whoever sets HF_HUB_DISABLE_XET decides.
    """
    if "huggingface.co" in os.environ.get("HF_ENDPOINT", "https://huggingface.co"):
        return
    chosen = os.environ.setdefault("HF_HUB_DISABLE_XET", "1")
    constants: Any = sys.modules.get("huggingface_hub.constants")
    if chosen == "1" and constants is not None:  # it read the variable when it was imported
        constants.HF_HUB_DISABLE_XET = True


def _check_token(api: HfApi) -> None:
    from huggingface_hub import get_session, get_token

    chosen = api.token or get_token()
    if not chosen:
        raise UploadError(
            "There is no token for the Hub; log in by `hf auth login`, set HF_TOKEN, or give --token. Without a Hub, "
            "leave the upload out: the folder is the same."
        )
    headers = {"authorization": f"Bearer {chosen}"}
    # The library's own calls wait for ever for a Hub that does not answer.
    answer = get_session().get(f"{api.endpoint}/api/whoami-v2", headers=headers, timeout=SECONDS)
    if answer.status_code in (401, 403):
        raise UploadError(f"{api.endpoint} does not know the token; make a new one there, with the right to write.")


def _content(api: HfApi, repo: str, repo_type: str, private: bool) -> tuple[str | None, dict[str, RepoFile]]:
    """The commit at the head of a repository and its files; None and nothing when there is no such repository."""
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError

    if repo.count("/") != 1:
        raise UploadError(f"The repository is {repo!r}; expected ORGANISATION/NAME.")
    try:
        info = api.repo_info(repo, repo_type=repo_type)
    except GatedRepoError:
        raise
    except RepositoryNotFoundError:
        return None, {}
    if private and not info.private:
        raise UploadError(
            f"{repo} at {api.endpoint} exists and is public; make it private in its settings, choose another name, or "
            "say --public."
        )
    files = api.list_repo_tree(repo, repo_type=repo_type, recursive=True)
    return info.sha, {file.path: file for file in files if isinstance(file, RepoFile) and file.path != KEPT}


def _same(path: Path, remote: RepoFile) -> bool:
    """Whether a file here and one on the Hub are equal, by the Hub's hash."""
    from huggingface_hub.utils.sha import git_hash

    if path.stat().st_size != remote.size:
        return False
    if remote.lfs is not None:
        return file_digest(path) == remote.lfs.sha256
    return git_hash(path.read_bytes()) == remote.blob_id


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


@contextmanager
def _in_words(repo: str, endpoint: str) -> Iterator[None]:
    """Turns errors of the Hub into one sentence."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    advice = "or leave the upload out, and copy the folder to where it is needed"
    try:
        yield
    except UploadError:
        raise
    except OfflineModeIsEnabled as error:
        raise UploadError(f"HF_HUB_OFFLINE is set, so {repo} cannot be uploaded; unset it, {advice}.") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        reason = "the token has no right to write there" if status in (401, 403) else _line(error)
        raise UploadError(f"{endpoint} refused {repo} (HTTP {status}): {reason}.") from error
    except ValueError as error:
        raise UploadError(f"{repo} was not uploaded: {_line(error)}") from error
    except Exception as error:
        # huggingface_hub 1 uses httpx and 2 uses httpx2; both call these errors TransportError. In the upload of a
        # large file it is the cause of another error.
        broken = next((e for e in (error, error.__cause__) if e is not None and _is_transport_error(e)), None)
        if broken is None:
            raise
        why = _line(broken) or type(broken).__name__
        sentence = f"{endpoint} cannot be reached ({why}); check the network and HF_ENDPOINT, {advice}."
        raise UploadError(sentence) from error


def _is_transport_error(error: BaseException) -> bool:
    return any(base.__name__ == "TransportError" for base in type(error).__mro__)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".")
