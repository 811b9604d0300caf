"""The programming interface under /api/v1: one module per part, its router listed here, the busiest first."""

from fastapi import APIRouter

from web.api import (
    assets,
    availability,
    bookings,
    devices,
    duties,
    events,
    health,
    history,
    imports,
    rooms,
    state,
    tags,
)  # fmt: skip

routers: list[APIRouter] = [
    availability.router, bookings.router, state.router, rooms.router, assets.router, tags.router, imports.router,
    devices.router, duties.router, history.router, events.router, health.router,
]  # fmt: skip
