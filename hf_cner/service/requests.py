"""From the bytes of a request to documents and choices; everything is bounded before it is built."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qs

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.json_schema import SkipJsonSchema
from starlette.requests import ClientDisconnect

from ..data.documents import Document
from ..data.json_text import JsonError, parse_json
from ..data.shown import brief, half_surrogate
from .choices import Choices
from .refusal import Refusal
from .settings import Limits

# Times the largest body: so much of a larger body is read and discarded, or the client would not read the error.
DISCARDED = 32
NAMED = 200  # characters of an id

Probability = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(max_length=NAMED)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Options(_Strict):
    """Options of prediction; decoding and thresholds are for models that score spans."""

    scores: bool = Field(default=True, description="Give each entity its exact probability under the model.")
    decoding: Literal["nested", "crossing", "flat"] | SkipJsonSchema[None] = None
    threshold: Probability | SkipJsonSchema[None] = Field(
        default=None, description="Probability above which a span is taken."
    )
    thresholds: dict[str, Probability] | SkipJsonSchema[None] = Field(
        default=None, description="The same for single types."
    )


class Note(_Strict):
    """A text, with its names in the response."""

    text: str
    id: Name = ""
    record: Name = ""

    def document(self) -> Document:
        return Document(self.text, id=self.id, record=self.record)


class One(Note):
    """One text."""

    options: Options = Field(default_factory=Options)


class Many(_Strict):
    """Many texts, with or without ids; each id may occur once."""

    documents: list[Note | str]
    options: Options = Field(default_factory=Options)


class Entity(BaseModel):
    """An entity: `text[start:end]`, 0-based, end exclusive, in Unicode code points of the unchanged text."""

    start: int
    end: int
    type: str
    text: str
    score: float | SkipJsonSchema[None] = None


class Answer(BaseModel):
    """A text with its entities, in text order."""

    id: str
    record: str
    text: str
    entities: list[Entity]


class Answers(BaseModel):
    """One answer for each text, in order."""

    documents: list[Answer]


class Fault(BaseModel):
    """Why a request was not answered, in one sentence."""

    error: str


Asked = TypeVar("Asked", bound=BaseModel)
# Without pydantic's names for members of unions.
_NAMES = {*One.model_fields, *Many.model_fields, *Options.model_fields}


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a request; too large a body is never held in memory.

    Raises:
        Refusal: 413 for more bytes than `limits.body`, 408 for a client that is too slow, 400 for a client that
            disconnected.
    """
    kept, size = bytearray(), 0

    async def read() -> None:
        nonlocal size
        async for chunk in request.stream():
            size += len(chunk)
            if size <= limits.body:
                kept.extend(chunk)
            elif size > DISCARDED * limits.body:
                break
            else:
                kept.clear()

    try:
        await asyncio.wait_for(read(), limits.seconds)
    except asyncio.TimeoutError:
        sentence = f"The request was not sent within {limits.seconds:g} s; send it faster, or in several requests."
        raise Refusal(408, sentence, {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "The connection was closed before the request was whole; send it again.") from None
    if size > limits.body:
        raise Refusal(
            413,
            f"The request has more than {limits.body:,} bytes, which is the most that is taken; send the texts in "
            "several requests.",
            {"Connection": "close"},
        )
    return bytes(kept)


def asked(body: bytes, model: type[Asked]) -> Asked:
    """The request in a body.

    Raises:
        Refusal: 400 for a body that is not JSON in UTF-8, 422 for JSON of another form.
    """
    try:
        value = parse_json(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refusal(400, f"Found a body that is not UTF-8 (byte {error.start}); send JSON in UTF-8.") from None
    except JsonError as error:
        raise Refusal(400, f"Found {error}; send one JSON object, see /docs.") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        parts = [str(part) for part in fault["loc"] if isinstance(part, int) or part in _NAMES]
        if fault["type"] == "extra_forbidden":
            parts = [str(fault["loc"][-1])]
        where = ".".join(parts) or "the body"
        raise Refusal(422, f"Found a fault at {brief(where)} ({fault['msg']}); see /docs for the form.") from None


def documents_of(notes: list[Note | str], limits: Limits) -> list[Document]:
    """The documents of a request.

    Raises:
        Refusal: 413 for too many texts or too long a text, 422 for a repeated id.
    """
    if len(notes) > limits.texts:
        raise Refusal(
            413, f"Found {len(notes):,} texts; at most {limits.texts:,} are taken; send them in several requests."
        )
    documents = [Document(note) if isinstance(note, str) else note.document() for note in notes]
    seen: set[str] = set()
    for place, document in enumerate(documents, start=1):
        if len(document.text) > limits.characters:
            raise Refusal(
                413,
                f"Text {place} has {len(document.text):,} characters; at most {limits.characters:,} are taken; send it "
                "in parts.",
            )
        if document.id and document.id in seen:
            raise Refusal(422, f"The id of text {place} occurs before; give each text an id of its own, or none.")
        seen.add(document.id)
    return documents


def choices_of(options: Options) -> Choices:
    """The options of a request, for the model."""
    return Choices.of(**options.model_dump())


def form_of(body: bytes) -> dict[str, str]:
    """The fields of the page's form, with the line ends of the pasted text.

    Raises:
        Refusal: 400 for a body that is no such form.
    """
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=8)
    except ValueError:
        raise Refusal(400, "Found a form that is no UTF-8; use the page at /.") from None
    found = {name: values[0].replace("\r\n", "\n") for name, values in fields.items()}
    if any(map(half_surrogate, found.values())):
        raise Refusal(400, "Found half a surrogate pair; use the page at /.")
    return found
