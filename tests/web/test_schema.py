"""The description at /api/v1/openapi.json against what is really answered."""

import asyncio
import re
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.conftest import API, Office

pytestmark = pytest.mark.anyio
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# a stream has no end
ENDLESS = (f"{API}/events",)
EXAMPLES = 8


async def described(office: Office) -> dict[str, Any]:
    spec: dict[str, Any] = (await office.get("/api/v1/openapi.json", None)).json()
    return spec


async def test_every_call_says_what_it_may_answer(office: Office) -> None:
    spec = await described(office)
    assert "ProblemAnswer" in spec["components"]["schemas"]
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            for name in re.findall(r"{(\w+)}", path):
                assert any(one["name"] == name and one["in"] == "path" for one in operation["parameters"]), path
            if path.startswith(API):
                assert {"401", "403", "422"} <= operation["responses"].keys(), (method, path)
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (method, path, status)
                elif "application/json" in response.get("content", {}):
                    assert response["content"]["application/json"]["schema"], (method, path)


async def test_it_says_how_a_caller_is_known(office: Office) -> None:
    spec = await described(office)
    schemes = {name for way in spec["security"] for name in way}
    assert schemes == spec["components"]["securitySchemes"].keys()
    for path, methods in spec["paths"].items():
        for method, operation in methods.items():
            if method == "get":
                url = path.format_map({"room": "M-1"} | dict.fromkeys(re.findall(r"{(\w+)}", path), "1"))
                status = (await office.get(url, who=None)).status_code
                assert (status == 401) == ("security" not in operation), path


async def test_answers_are_as_described(office: Office) -> None:
    """Generated calls of every operation, good and bad ones, as who may do everything."""
    await as_described(office, "admin")


@pytest.mark.databases("sqlite")  # its queries are among those of who may do everything
async def test_answers_to_a_member_are_as_described(office: Office) -> None:
    await as_described(office, "alice")


async def as_described(office: Office, who: str) -> None:
    for hours in (24, 30):
        await office.held("M-1", hours)
        await office.held("C-1", hours, kind="consultation")
    schema = schemathesis.openapi.from_dict(await described(office))
    loop = asyncio.get_running_loop()
    headers = {"authorization": f"Bearer {office.tokens[who]}"}
    await loop.run_in_executor(None, _walk, schema, office, loop, headers)


def _walk(schema: Any, office: Office, loop: asyncio.AbstractEventLoop, headers: dict[str, str]) -> None:
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in ENDLESS:
            _try(operation, office, loop, headers)


def _try(operation: Any, office: Office, loop: asyncio.AbstractEventLoop, headers: dict[str, str]) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    @hypothesis.given(case=operation.as_strategy())
    def call(case: Any) -> None:
        arguments = case.as_transport_kwargs(base_url="http://test", headers=headers)
        sending = asyncio.run_coroutine_threadsafe(_send(office, arguments), loop)
        case.validate_response(sending.result(30), checks=CHECKS)

    call()


async def _send(office: Office, arguments: dict[str, Any]) -> httpx.Response:
    arguments.pop("cookies", None)
    if files := arguments.get("files"):
        # generated parts may be numbers or lists; on the wire everything is text
        arguments["files"] = [
            (name, _part(part)) for name, part in (files.items() if isinstance(files, dict) else files)
        ]
    request = office.client.build_request(**arguments)
    await request.aread()
    return await office.client.send(request)


def _part(part: Any) -> Any:
    if isinstance(part, tuple):
        return (part[0], part[1] if isinstance(part[1], str | bytes) else str(part[1]), *part[2:])
    return part if isinstance(part, str | bytes) else str(part)
