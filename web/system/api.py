"""Whether it is alive, whether it is ready, and how it does."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from registry.bookings.readings import sweep_lag
from registry.core.errors import Refusal, Unavailable
from registry.rooms.models import Room
from web.kit import errors, routing, shapes
from web.kit.answers import answer
from web.kit.routing import PROBLEM

router = routing.router("health", is_plain=True, prefix="")
Check = Callable[[], Awaitable[None]]
PATIENCE = 3.0
LATE = 30
OPEN: dict[str, Any] = {"security": []}


class ProblemResponse(Response):
    media_type = PROBLEM


@router.get("/healthz", response_model=shapes.Health, summary="Alive", openapi_extra=OPEN)
async def healthz(request: Request) -> Response:
    return answer({"status": "ok"})


@router.get(
    "/readyz",
    status_code=503,
    response_class=ProblemResponse,
    response_model=shapes.Problem,
    response_description="Not ready, and why; ``checks`` has every answer",
    responses={
        200: {
            "description": "Ready",
            "content": {"application/json": {"schema": shapes.Ready.model_json_schema()}},
        }
    },
    summary="Ready to serve",
    openapi_extra=OPEN,
)
async def readyz(request: Request) -> Response:
    """Asks the database, the migrations, the broker and the sweeper."""
    checks: dict[str, Check] = getattr(request.app.state, "checks", None) or BUILT_IN
    said = dict(zip(checks, await asyncio.gather(*(_ask(check) for check in checks.values())), strict=True))
    told = {name: str(refusal) if refusal else "ok" for name, refusal in said.items()}
    wrong = next((refusal for refusal in said.values() if refusal), None)
    if wrong is None:
        return answer({"status": "ready", "checks": told})
    plain = errors.problem(wrong, 503, "en")
    return Response(orjson.dumps({**orjson.loads(bytes(plain.body)), "checks": told}), 503, media_type=PROBLEM)


async def _ask(check: Check) -> Refusal | None:
    try:
        await asyncio.wait_for(check(), PATIENCE)
    except Refusal as refusal:
        return refusal
    except Exception as fault:
        return Unavailable("database.away", reason=str(fault) or type(fault).__name__)
    return None


async def _database() -> None:
    await Room.exists()


async def _sweeper() -> None:
    lag = int((await sweep_lag(datetime.now(UTC))).total_seconds())
    if lag > LATE:
        raise Unavailable("sweeper.behind", seconds=lag)


# what is asked when nobody who put the parts together said what to ask
BUILT_IN: dict[str, Check] = {"database": _database, "sweeper": _sweeper}


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="For Prometheus",
    openapi_extra=OPEN,
)
async def metrics(request: Request) -> Response:
    """Of the process and the API, and in the one that leads, of the broker and the devices."""
    told, devices = generate_latest(), getattr(request.app.state, "devices", None)
    if devices is not None:
        told += measured(devices.metrics())
    return Response(told, media_type=CONTENT_TYPE_LATEST)


def measured(numbers: Mapping[str, float]) -> bytes:
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
