"""The settings of a service, and the bounds for requests."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

TOKEN = "HF_CNER_SERVICE_TOKEN"
SETTINGS = "HF_CNER_SERVICE"
SHORTEST_TOKEN = 16


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds; a request beyond them is refused with a sentence.

    Attributes:
        body: bytes of one request.
        texts: texts of one request.
        characters: characters of one text.
        waiting: characters of all requests that wait or are being predicted.
        seconds: how long a client may take to send a request, and to read its response.
        connections: open connections of one worker.
    """

    body: int = 8 << 20
    texts: int = 1000
    characters: int = 100_000
    waiting: int = 2_000_000
    seconds: float = 30.0
    connections: int = 1000

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not value > 0:
                raise ValueError(f"The limit {name} is {value}; it must be above 0.")


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    """The settings with which a worker starts; see `hf-cner serve --help`. The token is not among them."""

    model: str
    device: str | None = None
    backend: str | None = None
    batch_tokens: int | None = None
    chosen: Mapping[str, object] = field(default_factory=dict)
    token_file: str | None = None
    workers: int = 1
    limits: Limits = field(default_factory=Limits)

    def to_json(self) -> str:
        """JSON, which a worker reads from the environment."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ServiceSettings:
        """The inverse of `to_json`."""
        values = json.loads(text)
        return cls(**{**values, "limits": Limits(**values["limits"])})


def read_token(file: str | os.PathLike[str] | None) -> str | None:
    """The token that clients must send: from the file, else from the environment; None without either.

    Raises:
        ValueError: no such file, or a token that is too short, has blanks or is not ASCII. The token is never shown.
    """
    if file is not None:
        where = str(file)
        try:
            token = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{where}: could not be read ({type(error).__name__}); expected a file with a token."
            ) from None
    elif TOKEN in os.environ:
        where, token = TOKEN, os.environ[TOKEN].strip()
    else:
        return None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(
            f"{where}: found a token of {len(token)} characters; expected at least {SHORTEST_TOKEN} ASCII characters "
            "without blanks; `openssl rand -hex 32` makes one."
        )
    return token
