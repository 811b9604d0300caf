"""Headers, bodies, faults: what every answer has in common."""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict

from registry.core.errors import WORDS, Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from web.app import SiteOptions, create_site
from web.kit import edge, errors, routing
from web.kit.render import STATIC


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    room: str
    seats: int = 1


router = routing.router("test", prefix="/api/v1/test")
REFUSALS: list[Refusal] = [
    Invalid("booking.too_short", minutes=5),
    NotFound("room.unknown", room="ZW-99"),
    Forbidden("auth.role"),
    Conflict("booking.overlap", room="ZW-01", conflicts=[], alternatives=[]),
    Unavailable("internal.busy"),
    Forbidden("auth.required"),
    Forbidden("auth.bad_token"),
    Forbidden("auth.too_many", minutes=15),
    Conflict("request.stale"),
]
STATUSES = [422, 404, 403, 409, 503, 401, 401, 429, 412]


@router.get("/refusal/{number}")
async def refuse(number: int) -> None:
    raise REFUSALS[number]


@router.get("/fault")
async def fail() -> None:
    raise ZeroDivisionError("secret detail")


@router.post("/body")
async def body(body: Body) -> Body:
    return body


@router.post("/form")
async def form(request: Request) -> dict[str, str]:
    async with request.form() as fields:
        return {name: type(value).__name__ for name, value in fields.items()}


pages = APIRouter()


@pages.get("/test/refusal/{number}")
async def refuse_page(number: int) -> None:
    raise REFUSALS[number]


@pages.get("/test/fault")
async def fail_page() -> None:
    raise ZeroDivisionError("secret detail")


@pytest.fixture
def app() -> FastAPI:
    site = create_site(SiteOptions(secret_key="k" * 32, data_dir=Path("var"), max_body_bytes=1000))
    site.include_router(router)
    site.include_router(pages)
    return site


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/sign-in", "/nowhere", "/api/v1/nowhere", "/api/v1/test/fault", "/api/v1/openapi.json"]
)
async def test_every_answer_has_the_safe_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


async def test_behind_tls_cookies_and_transport_are_strict() -> None:
    app = create_site(SiteOptions(secret_key="k" * 32, data_dir=Path("var"), base_url="https://izba.example"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://test") as client:
        answer = await client.get("/sign-in")
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("path", ["/sign-in", "/styleguide", "/accessibility", "/privacy", "/nowhere"])
@pytest.mark.parametrize("language", ["pl", "en"])
async def test_pages_hold_no_inline_style_or_script(client: httpx.AsyncClient, path: str, language: str) -> None:
    client.cookies["izba_language"] = language
    page = (await client.get(path)).text
    assert " style=" not in page
    assert "<style" not in page
    assert "<script>" not in page
    assert " onclick=" not in page
    assert f'<html lang="{language}"' in page


@pytest.mark.parametrize(("number", "status"), list(enumerate(STATUSES)))
async def test_one_shape_of_refusals(client: httpx.AsyncClient, number: int, status: int) -> None:
    answer = await client.get(f"/api/v1/test/refusal/{number}", headers={"Accept-Language": "en"})
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    help_offered = {"conflicts", "alternatives"} if REFUSALS[number].code == "booking.overlap" else set()
    assert set(problem) == {"type", "title", "detail", "status", "code", "params"} | help_offered
    refusal = REFUSALS[number]
    assert (problem["status"], problem["code"], problem["detail"]) == (status, refusal.code, str(refusal))
    assert problem["params"] == refusal.params
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(("number", "status"), list(enumerate(STATUSES)))
async def test_people_get_a_page(client: httpx.AsyncClient, number: int, status: int) -> None:
    answer = await client.get(f"/test/refusal/{number}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert REFUSALS[number].code in answer.text


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "pl"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("de, pl;q=0.5, en;q=0.7", "en"),
        ("de", "pl"),
        ("en;q=x", "pl"),
        ("en;q=0", "pl"),
    ],
)
async def test_the_language_of_a_problem(client: httpx.AsyncClient, accept: str, language: str) -> None:
    answer = await client.get("/api/v1/nowhere", headers={"Accept-Language": accept})
    assert answer.headers["content-language"] == language
    expected = {"en": "There is nothing at this address.", "pl": "Pod tym adresem niczego nie ma."}
    assert answer.json()["detail"] == expected[language]


async def test_what_broke_is_logged_and_not_told(client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await client.get("/api/v1/test/fault")
        page = await client.get("/test/fault")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal.fault")
    assert page.status_code == 500
    assert "secret detail" not in answer.text + page.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("content", "status", "code", "params"),
    [
        (b'{"room": "\xff"}', 400, "request.not_utf8", {}),
        ('{"room": "ż"}'.encode("utf-16"), 400, "request.not_utf8", {}),
        (b'{"room": "\xc5', 400, "request.not_utf8", {}),
        (b'{"room": ', 400, "request.not_json", {}),
        (b"[" * 900, 400, "request.not_json", {}),
        (b"{}", 422, "request.missing_field", {"field": "room"}),
        (b'{"room": "x", "rum": 1}', 422, "request.unknown_field", {"field": "rum"}),
        (
            b'{"room": "x", "seats": "many"}',
            422,
            "request.bad_field",
            {"field": "seats", "reason": "to nie liczba całkowita"},
        ),
        (b'{"room": "' + b"x" * 1000 + b'"}', 413, "request.too_large", {"limit": 1000}),
    ],
)
async def test_bodies_that_cannot_be_read(
    client: httpx.AsyncClient, content: bytes, status: int, code: str, params: dict[str, object]
) -> None:
    answer = await client.post("/api/v1/test/body", content=content, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert problem["params"].items() >= params.items()


async def test_every_fault_of_a_body_is_told(client: httpx.AsyncClient) -> None:
    problem = (await client.post("/api/v1/test/body", json={"seats": "x", "rum": 1})).json()
    assert {one["code"] for one in problem["params"]["errors"]} == {
        "request.missing_field", "request.unknown_field", "request.bad_field",
    }  # fmt: skip


async def test_a_body_that_grows_beyond_the_limit(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'{"room": "'
        for _ in range(100):
            yield b"x" * 100

    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/test/body", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


@pytest.mark.parametrize("limits", [{"PAUSE_SECONDS": 0.05}, {"BODY_SECONDS": 0.0}])
async def test_a_body_that_never_ends_is_not_waited_for(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, limits: dict[str, float]
) -> None:
    for name, seconds in limits.items():
        monkeypatch.setattr(edge, name, seconds)

    async def slow() -> AsyncIterator[bytes]:
        yield b'{"room": "'
        await asyncio.Event().wait()

    answer = await client.post("/api/v1/test/body", content=slow(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (408, "request.too_slow")
    assert answer.headers["connection"] == "close"


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_fault(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    messages = iter([{"type": "http.request", "body": b"--x", "more_body": True}, {"type": "http.disconnect"}])
    answers: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        answers.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": "/api/v1/test/form", "raw_path": b"/api/v1/test/form", "query_string": b"", "root_path": "",
        "headers": [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", b"900")],
        "client": ("127.0.0.1", 1), "server": ("test", 80),
    }  # fmt: skip
    caplog.set_level(logging.DEBUG, logger="web.kit.edge")
    transport: Any = client._transport
    await transport.app(scope, receive, send)
    assert [(record.levelname, record.exc_info) for record in caplog.records] == [("DEBUG", None)]


async def test_a_body_that_is_announced_as_too_large_is_heard_out(client: httpx.AsyncClient) -> None:
    """A client that is still sending sees a cut line instead of the answer."""
    chunks = []

    async def long() -> AsyncIterator[bytes]:
        for number in range(20):
            chunks.append(number)
            yield b"x" * 100

    headers = {"Content-Type": "application/json", "Content-Length": "2000"}
    answer = await client.post("/api/v1/test/body", content=long(), headers=headers)
    assert (answer.status_code, len(chunks)) == (413, 20)
    huge = headers | {"Content-Length": "9000000000"}
    assert (await client.post("/api/v1/test/body", content=long(), headers=huge)).status_code == 413
    assert len(chunks) < 40


@pytest.mark.parametrize("path", ["/healthz", "/sign-in", "/api/v1/nowhere", "/api/v1/openapi.json"])
async def test_the_head_is_that_of_the_whole(client: httpx.AsyncClient, path: str) -> None:
    head, whole = await client.head(path), await client.get(path)
    assert (head.status_code, head.headers["content-type"]) == (whole.status_code, whole.headers["content-type"])
    assert (head.content, bool(whole.content)) == (b"", True)


async def test_letters_cut_between_two_packets_are_whole(client: httpx.AsyncClient) -> None:
    async def cut() -> AsyncIterator[bytes]:
        yield b'{"room": "\xc5'
        yield b'\xbc"}'

    answer = await client.post("/api/v1/test/body", content=cut(), headers={"Content-Type": "application/json"})
    assert answer.json()["room"] == "ż"


async def test_uploads_may_be_larger_and_binary(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/test/form", files={"file": ("a.bin", b"\xff" * 2000)})
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=x"])
async def test_form_data_that_cannot_be_read(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"content-type": kind, "accept-language": "pl"}
    refused = await client.post("/api/v1/test/form", content=b"garbage", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "request.malformed")
    assert "dane formularza są ucięte lub uszkodzone" in refused.json()["detail"]


async def test_a_method_that_an_address_does_not_take(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/test/body")
    assert (answer.status_code, answer.json()["code"], answer.json()["params"]) == (
        405,
        "request.method",
        {"method": "DELETE"},
    )
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/healthz", "*/*", "application/problem+json"),
        ("/api", "*/*", "application/problem+json"),
        ("/nowhere", "application/json", "application/problem+json"),
        ("/nowhere", "*/*", "text/html"),
        ("/nowhere", "text/html,application/json", "text/html"),
    ],
)
async def test_programs_are_told_in_json_wherever_they_ask(
    client: httpx.AsyncClient, path: str, accept: str, kind: str
) -> None:
    refused = await client.delete(path, headers={"accept": accept})
    assert refused.headers["content-type"].split(";")[0] == kind


async def test_static_files_are_kept_for_ever(app: FastAPI, client: httpx.AsyncClient) -> None:
    answer = await client.get(app.state.pages.static("css/izba.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert (await client.get("/static/000000000000/css/izba.css")).status_code == 404
    assert (await client.get(app.state.pages.static("../site.py"))).status_code == 404


def test_every_kind_and_every_status_has_a_title() -> None:
    statuses = {*errors.STATUS_OF_KIND.values(), *errors.STATUS_OF_CODE.values()}
    assert statuses <= set(errors.TITLES)
    assert set(errors.STATUS_OF_CODE) <= set(WORDS)


def test_the_icons_that_templates_name_exist() -> None:
    sprite = (STATIC / "icons" / "icons.svg").read_text("utf-8")
    icons: set[str] = set()
    for template in (STATIC.parent / "templates").rglob("*.html"):
        icons |= set(re.findall(r"\bicon\('([a-z0-9-]*[a-z0-9])'", template.read_text("utf-8")))
    assert {name for name in icons if f'id="i-{name}"' not in sprite} == set()


def test_the_vendored_files_are_what_was_taken() -> None:
    vendor = STATIC / "vendor"
    for line in (vendor / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest, name
