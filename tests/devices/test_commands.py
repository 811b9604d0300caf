"""The desk that answers taps: what it remembers, and for how long."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices import commands
from devices.commands import Desk
from devices.messages import Arrived
from devices.topics import Topics
from registry.core.errors import Unavailable
from tests.conftest import Database
from tests.devices.broker.test_connection import until
from tests.make import make_panel, make_room

pytestmark = pytest.mark.anyio


class Outbox:
    """A broker that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, topic: str, payload: bytes, correlation: bytes | None = None) -> None:
        self.sent.append(json.loads(payload))


def tap(**given: Any) -> Arrived:
    told = {"id": "tap-1", "command": "book", "minutes": 15} | given
    return Arrived("izba/panels/door/command", json.dumps(told).encode(), False, 0.0)


def desk_of(outbox: Outbox) -> Desk:
    return Desk(outbox, Topics(), lambda: datetime.now(UTC), lambda text: text)  # type: ignore[arg-type]  # all it uses


async def test_a_tap_that_met_a_busy_register_may_be_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_panel(code="door", room=await make_room(panel_books=True))
    outbox = Outbox()
    desk = desk_of(outbox)

    async def busy(*_: object) -> None:
        raise Unavailable("internal.busy")

    with monkeypatch.context() as broken:
        broken.setattr(commands, "panel_command", busy)
        desk.take("door", tap(), datetime.now(UTC))
        await until(lambda: outbox.sent)
    desk.take("door", tap(), datetime.now(UTC))
    await until(lambda: len(outbox.sent) == 2)
    assert [(one["ok"], one.get("code")) for one in outbox.sent] == [(False, "internal.busy"), (True, None)]


@pytest.mark.parametrize("told", ["x" * 201, "a\nb", "tap\u202e"])
async def test_an_id_that_cannot_be_kept_as_it_is_is_refused(database: Database, told: str) -> None:
    await make_panel(code="door", room=await make_room(panel_books=True))
    outbox = Outbox()
    desk_of(outbox).take("door", tap(id=told), datetime.now(UTC))
    await until(lambda: outbox.sent)
    assert (outbox.sent[0]["ok"], outbox.sent[0]["code"]) == (False, "panel.bad_command")


async def test_invented_panels_leave_nothing_behind(database: Database) -> None:
    outbox = Outbox()
    desk = desk_of(outbox)
    for number in range(30):
        desk.take(f"nobody-{number}", tap(id=str(number)), datetime.now(UTC))
    await until(lambda: len(outbox.sent) == 30)
    await asyncio.sleep(0)
    assert desk._running == {}


async def test_a_flood_of_invented_panels_is_held(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "WAITING_IN_ALL", 30)
    desk = desk_of(Outbox())
    for number in range(100):
        desk.take(f"invented-{number}", tap(id=str(number)), datetime.now(UTC))
    assert (len(desk._running), desk.refused) == (30, 70)
    await until(lambda: not desk._running)
    desk.take("invented", tap(), datetime.now(UTC))
    assert len(desk._running) == 1
    await desk.stop()
