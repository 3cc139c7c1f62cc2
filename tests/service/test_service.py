"""What the service answers, what it refuses, and that neither stops it."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

pytest.importorskip("fastapi", reason="the extra `serve` is not installed")

from running import Service, first_two

from hf_cner.data.documents import Document
from hf_cner.service.choices import Choices

Start = Callable[..., Service]
TOKEN = "a-token-of-the-tests"
ENTITY = {"start": 0, "end": 2, "type": "症状", "text": "头痛", "score": 0.5}


def until(condition: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_text_comes_back_with_its_names(start: Start) -> None:
    found = start().ask("POST", "/predict", {"text": "头痛。\x00", "id": "a", "record": "r"})
    assert found.status == 200
    assert found.content == {"id": "a", "record": "r", "text": "头痛。\x00", "entities": [ENTITY]}


def test_many_texts_come_back_in_order_with_their_ids(start: Start) -> None:
    asked = {"documents": ["头痛", {"id": "b", "text": ""}], "options": {"scores": False}}
    documents = start().ask("POST", "/predict/batch", asked).content["documents"]
    assert [one["id"] for one in documents] == ["", "b"]
    assert documents[0]["entities"] == [{name: value for name, value in ENTITY.items() if name != "score"}]
    assert start().ask("POST", "/predict/batch", {"documents": []}).content == {"documents": []}


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("/predict", b'{"text', 400, "Found broken JSON (Unterminated string starting at column 2 of 6)"),
        ("/predict", b"\xff\xfe", 400, "not UTF-8 (byte 0)"),
        ("/predict", b'{"text": "a\x00"}', 400, "Invalid control character"),
        ("/predict", b'{"text": "\\ud800"}', 400, "half a surrogate pair"),
        ("/predict", b"[" * 100_000, 400, "JSON nested more than 100 deep"),
        ("/predict", {"text": 3}, 422, "'text' (Input should be a valid string)"),
        ("/predict", {"txt": "x"}, 422, "'text' (Field required)"),
        ("/predict", {"text": "x", "options": {"threshold": 2}}, 422, "'options.threshold'"),
        ("/predict", {"text": "x", "more": 1}, 422, "'more' (Extra inputs are not permitted)"),
        ("/predict/batch", {"documents": ["x", {"text": None}]}, 422, "'documents.1.text' (Input should be a valid s"),
        ("/predict", {"text": "x" * 101}, 413, "Text 1 has 101 characters; at most 100 are taken"),
        ("/predict/batch", {"documents": ["x"] * 10_000}, 413, "Found 10,000 texts; at most 1,000 are taken"),
        ("/predict/batch", {"documents": [{"id": "a", "text": ""}] * 2}, 422, "The id of text 2 stands there before"),
        ("/predict", b" " * 1_000_000, 413, "more than 500,000 bytes"),
        ("/nowhere", {}, 404, "nothing at this address"),
    ],
)
def test_bad_requests_get_a_sentence(start: Start, path: str, body: object, status: int, sentence: str) -> None:
    service = start(characters=100, body=500_000)
    found = service.ask("POST", path, body)
    assert found.status == status
    assert list(found.content) == ["error"] and sentence in found.content["error"]
    assert service.ask("POST", "/predict", {"text": "头痛"}).status == 200


def test_a_huge_body_is_never_held(start: Start) -> None:
    service = start(body=1000)
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        received = b""
        try:
            for _ in range(10_000):
                client.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")  # 100 MB, of which little is taken
        except OSError:
            sent_all = False
        else:
            sent_all = True
        try:
            received = client.recv(1000)
        except OSError:
            received = b""
    assert not sent_all and (not received or b" 413 " in received)
    assert service.ask("GET", "/health").status == 200


@pytest.mark.parametrize(
    "sent",
    [b"POST /predict HT", b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"],
    ids=["head", "body"],
)
def test_a_slow_client_is_told_so(start: Start, sent: bytes) -> None:
    service = start(seconds=0.5)
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        client.sendall(sent)
        received = b"".join(iter(lambda: client.recv(1000), b""))
    assert b" 408 " in received and b"within 0.5 s" in received


def test_the_token_opens_and_is_asked_for(start: Start) -> None:
    service = start(token=TOKEN)
    for given in ("", TOKEN[:-1], "头"):
        found = service.ask("POST", "/predict", {"text": "头痛"}, token=given.encode().decode("latin-1"))
        assert found.status == 401 and found.headers["www-authenticate"] == "Bearer"
    assert service.ask("POST", "/predict", {"text": "头痛"}, token=TOKEN).status == 200
    assert service.ask("GET", "/metrics").status == 401
    assert service.ask("GET", "/health").status == 200


def test_the_page_shows_what_was_found(start: Start) -> None:
    service = start(token=TOKEN)
    assert "<textarea" in service.ask("GET", "/").content
    kind = "application/x-www-form-urlencoded"
    wrong = service.ask("POST", "/page", urlencode({"text": "头痛"}).encode(), kind=kind)
    assert wrong.status == 401
    right = service.ask("POST", "/page", urlencode({"text": "头痛\r\n", "token": TOKEN}).encode(), kind=kind)
    assert '"text":"头痛\\n"' in right.content and '[0,2,"症状",0.5]' in right.content
    assert service.ask("POST", "/page", b"text=%ff", kind=kind).status == 400


def test_the_api_describes_itself_without_the_network(start: Start) -> None:
    service = start()
    assert "https://" not in service.ask("GET", "/docs").content
    assert service.ask("GET", "/docs/swagger-ui-bundle.js").status == 200
    described = service.ask("GET", "/openapi.json").content
    body = described["paths"]["/predict/batch"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "documents" in body["properties"] and "$ref" not in str(body)


def test_a_full_queue_says_when_to_come_again(start: Start) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(documents: Sequence[Document], choices: Choices) -> list[Document]:
        entered.set()
        go.wait(30)
        return first_two(documents, choices)

    service = start(slow, waiting=5)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(service.ask, "POST", "/predict", {"text": "头痛头痛"})
        entered.wait(30)
        found = service.ask("POST", "/predict", {"text": "头痛"})
        assert found.status == 429 and int(found.headers["retry-after"]) >= 1
        assert "4 characters wait" in found.content["error"]
        assert "hf_cner_waiting_characters 4.0" in service.ask("GET", "/metrics").content
        go.set()
        assert first.result().status == 200
    assert service.ask("POST", "/predict", {"text": "头痛"}).status == 200


def test_a_client_that_has_gone_is_not_predicted(start: Start) -> None:
    entered, go, predicted = threading.Event(), threading.Event(), []

    def slow(documents: Sequence[Document], choices: Choices) -> list[Document]:
        predicted.extend(one.text for one in documents)
        entered.set()
        go.wait(30)
        return first_two(documents, choices)

    service = start(slow)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(service.ask, "POST", "/predict", {"text": "头痛"})
        entered.wait(30)
        with socket.create_connection(("127.0.0.1", service.port)) as client:
            body = json.dumps({"text": "gone"}).encode()
            head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            until(lambda: "hf_cner_waiting_characters 6.0" in service.ask("GET", "/metrics").content)
        counted = 'hf_cner_requests_total{route="/predict",status="499"} 1.0'
        until(lambda: counted in service.ask("GET", "/metrics").content)
        go.set()
        assert first.result().status == 200
    assert service.ask("POST", "/predict", {"text": "发热"}).status == 200
    assert predicted == ["头痛", "发热"]
    assert "hf_cner_waiting_characters 0.0" in service.ask("GET", "/metrics").content


def test_too_many_connections_are_refused_in_a_sentence(start: Start) -> None:
    service = start(connections=2)
    held = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(2)]
    for client in held:  # each was accepted once it is answered
        client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    found = service.ask("POST", "/predict", {"text": "头痛"})
    assert found.status == 503 and found.headers["retry-after"] == "1"
    assert found.content == {"error": "Too many connections are open; send the request again in 1 s."}
    assert service.ask("GET", "/health").status == 200
    assert 'hf_cner_requests_total{route="/predict",status="503"} 1.0' in service.ask("GET", "/metrics").content
    for client in held:
        client.close()
    until(lambda: service.ask("POST", "/predict", {"text": "头痛"}).status == 200)


def test_a_client_that_does_not_take_its_answer_is_cut_off(start: Start) -> None:
    service = start(seconds=0.5, characters=4_000_000, body=32 << 20)
    text, received = "头" * 4_000_000, 0  # 12 MB, more than the sockets between them hold
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    with socket.create_connection(("127.0.0.1", service.port), timeout=30) as client:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        client.sendall(head.encode() + body)
        until(lambda: 'route="/predict",status="200"' in service.ask("GET", "/metrics").content)
        time.sleep(1.5)
        with contextlib.suppress(ConnectionError):
            while part := client.recv(1 << 20):
                received += len(part)
    assert received < len(body)
    assert service.ask("POST", "/predict", {"text": "头痛"}).status == 200


def test_what_was_taken_is_answered_when_the_service_stops(start: Start) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow(documents: Sequence[Document], choices: Choices) -> list[Document]:
        entered.set()
        go.wait(30)
        return first_two(documents, choices)

    service = start(slow)
    with ThreadPoolExecutor() as pool:
        answers = [pool.submit(service.ask, "POST", "/predict", {"text": f"头痛{number}"}) for number in range(4)]
        entered.wait(30)
        while service.ask("GET", "/metrics").content.count("hf_cner_waiting_characters 12.0") == 0:
            time.sleep(0.01)
        service.server.should_exit = True
        go.set()
        texts = [answer.result().content["text"] for answer in answers]
    assert texts == [f"头痛{number}" for number in range(4)]


def test_no_text_gets_into_a_log(
    start: Start, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(documents: Sequence[Document], choices: Choices) -> list[Document]:
        raise ValueError(f"bad: {documents[0].text}")

    service = start(broken)
    with caplog.at_level(logging.DEBUG):
        found = service.ask("POST", "/predict", {"text": "张三"})
    assert found.status == 500 and found.content == {
        "error": "Prediction failed (ValueError); the service's log says where."
    }
    said = caplog.text + "".join(capfd.readouterr())
    assert "ValueError in" in said and "张三" not in said and "bad:" not in said


def test_many_clients_get_their_own_answers(start: Start) -> None:
    service = start()

    def ask(number: int) -> bool:
        answer = service.ask("POST", "/predict", {"text": f"{number:06d}", "id": str(number)}).content
        return answer["id"] == str(number) and answer["entities"][0]["text"] == f"{number:06d}"[:2]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(300)))
    counted = service.ask("GET", "/metrics").content
    assert 'hf_cner_requests_total{route="/predict",status="200"} 300.0' in counted
    assert "hf_cner_texts_total 300.0" in counted
