"""Whether it is alive, whether it is ready, and how it does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import BaseModel
from starlette.responses import Response

from registry.bookings.readings import sweep_lag
from registry.core.errors import Refusal, Unavailable
from registry.rooms.queries import has_rooms
from web.kit import errors, routing
from web.kit.clock import Now
from web.kit.errors import PROBLEM, ProblemAnswer

router = routing.router("health", prefix="")
Check = Callable[[], Awaitable[None]]
PATIENCE = 3.0
LATE = 30
OPEN: dict[str, Any] = {"security": []}


class ProblemResponse(Response):
    media_type = PROBLEM


class HealthAnswer(BaseModel):
    status: str


class ReadyAnswer(BaseModel):
    status: str
    checks: dict[str, str]


@router.get("/healthz", summary="Alive", openapi_extra=OPEN)
async def healthz() -> HealthAnswer:
    return HealthAnswer(status="ok")


@router.get(
    "/readyz",
    status_code=503,
    response_class=ProblemResponse,
    response_model=ProblemAnswer,
    response_description="Not ready, and why; ``checks`` has every answer",
    responses={
        200: {
            "description": "Ready",
            "content": {"application/json": {"schema": ReadyAnswer.model_json_schema()}},
        }
    },
    summary="Ready to serve",
    openapi_extra=OPEN,
)
async def readyz(request: Request, now: Now) -> Response:
    """Asks the database, the migrations, the broker and the sweeper."""
    checks: dict[str, Check] = getattr(request.app.state, "checks", None) or _basic_checks(now)
    refusals = await asyncio.gather(*(_refusal(check) for check in checks.values()))
    words = {name: str(refusal) if refusal else "ok" for name, refusal in zip(checks, refusals, strict=True)}
    refusal = next((refusal for refusal in refusals if refusal), None)
    if refusal is None:
        return Response(ReadyAnswer(status="ready", checks=words).model_dump_json(), media_type="application/json")
    return errors.problem(refusal, 503, "en", {"checks": words})


async def _refusal(check: Check) -> Refusal | None:
    try:
        await asyncio.wait_for(check(), PATIENCE)
    except Refusal as refusal:
        return refusal
    except Exception as fault:
        return Unavailable("database.away", reason=str(fault) or type(fault).__name__)
    return None


def _basic_checks(now: datetime) -> dict[str, Check]:
    """What is asked when nobody who put the parts together said what to ask."""

    async def database() -> None:
        await has_rooms()

    async def sweeper() -> None:
        lag = int((await sweep_lag(now)).total_seconds())
        if lag > LATE:
            raise Unavailable("sweeper.behind", seconds=lag)

    return {"database": database, "sweeper": sweeper}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="For Prometheus",
    openapi_extra=OPEN,
)
async def metrics(request: Request) -> Response:
    """Of the process and the API, and in the one that leads, of the broker and the devices."""
    text, devices = generate_latest(), getattr(request.app.state, "devices", None)
    if devices is not None:
        text += exposition(devices.metrics())
    return Response(text, media_type=CONTENT_TYPE_LATEST)


def exposition(numbers: Mapping[str, float]) -> bytes:
    """Plain numbers in Prometheus' format; what ends with ``_total`` is a counter."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Numbers(numbers))
    return generate_latest(registry)


class _Numbers(Collector):
    def __init__(self, numbers: Mapping[str, float]) -> None:
        self.numbers = numbers

    def collect(self) -> Iterator[Metric]:
        for name, value in self.numbers.items():
            kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            yield kind(f"izba_{name}", name.removesuffix("_total").replace("_", " "), value=value)
