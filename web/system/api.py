"""Whether it is alive, whether it is ready, and how it does."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import Depends, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from pydantic import BaseModel
from starlette.responses import Response

from registry.people.models import Person
from web.auth.access import caller_with, options_of
from web.kit import errors, routing
from web.kit.answers import Instant
from web.kit.clock import Now
from web.kit.errors import PROBLEM, ProblemAnswer
from web.kit.routing import faults
from web.system.checks import check_answers
from web.system.desk import desk_of
from web.system.last_backup import last_backup

router = routing.router("health", prefix="")
system_router = routing.router("system")
OPEN: dict[str, Any] = {"security": []}


class ProblemResponse(Response):
    media_type = PROBLEM


class HealthAnswer(BaseModel):
    status: str


class ReadyAnswer(BaseModel):
    status: str
    checks: dict[str, str]


class JobAnswer(BaseModel):
    name: str
    ran_at: Instant | None
    milliseconds: int | None
    fault: str
    next_at: Instant | None


class SettingAnswer(BaseModel):
    """A setting in force; of a secret only whether it is set."""

    name: str
    value: str | None
    origin: Literal["default", "environment", "file", "secret_file", "command", "page"]
    is_set: bool
    changed_from_pages: bool


class BackupAnswer(BaseModel):
    at: Instant
    damaged: bool


class SystemAnswer(BaseModel):
    """How Izba does: whether it is ready, its jobs, its last backup, and the settings in force with their origin."""

    status: Literal["ready", "not ready"]
    checks: dict[str, str]
    version: str
    started_at: Instant
    jobs: list[JobAnswer]
    backup: BackupAnswer | None
    settings: list[SettingAnswer]


@system_router.get("/system", responses=faults(), summary="How Izba does, and the settings in force")
async def system(
    request: Request, person: Annotated[Person, Depends(caller_with("office.manage"))], now: Now
) -> SystemAnswer:
    refusals, desk, backup = (
        await check_answers(request.app, now),
        desk_of(request),
        last_backup(options_of(request).data_dir),
    )
    return SystemAnswer(
        status="not ready" if any(refusals.values()) else "ready",
        checks={name: str(refusal) if refusal else "ok" for name, refusal in refusals.items()},
        version=options_of(request).version,
        started_at=desk.started_at,
        jobs=[
            JobAnswer(
                name=job.name,
                ran_at=job.run.at if job.run else None,
                milliseconds=round(job.run.took.total_seconds() * 1000) if job.run else None,
                fault=job.run.fault if job.run else "",
                next_at=job.next_at,
            )
            for job in desk.jobs()
        ],
        backup=BackupAnswer(at=backup.at, damaged=backup.is_damaged) if backup else None,
        settings=[
            SettingAnswer(
                name=line.name, value=None if line.is_secret else line.value, origin=line.origin.value,
                is_set=line.is_set, changed_from_pages=line.is_of_office,
            )
            for line in desk.settings()
        ],
    )  # fmt: skip


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
    refusals = await check_answers(request.app, now)
    words = {name: str(refusal) if refusal else "ok" for name, refusal in refusals.items()}
    refusal = next((refusal for refusal in refusals.values() if refusal), None)
    if refusal is None:
        return Response(ReadyAnswer(status="ready", checks=words).model_dump_json(), media_type="application/json")
    return errors.problem(refusal, 503, "en", {"checks": words})


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
