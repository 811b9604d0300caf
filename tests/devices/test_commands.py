"""Taps on door panels: what it remembers, and for how long."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices import commands
from devices.broker.connection import Message
from devices.commands import PanelCommands
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


def tap(**values: Any) -> Message:
    command = {"id": "tap-1", "command": "book", "minutes": 15} | values
    return Message("izba/panels/door/command", json.dumps(command).encode(), False, 0.0)


def commands_of(outbox: Outbox) -> PanelCommands:
    return PanelCommands(outbox, Topics(), lambda: datetime.now(UTC), lambda text: text)  # type: ignore[arg-type]  # all it uses


async def test_a_tap_that_met_a_busy_register_may_be_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_panel(code="door", room=await make_room(panel_books=True))
    outbox = Outbox()
    panel_commands = commands_of(outbox)

    async def busy(*_: object) -> None:
        raise Unavailable("internal.busy")

    with monkeypatch.context() as broken:
        broken.setattr(commands, "panel_command", busy)
        panel_commands.take("door", tap(), datetime.now(UTC))
        await until(lambda: outbox.sent)
    panel_commands.take("door", tap(), datetime.now(UTC))
    await until(lambda: len(outbox.sent) == 2)
    assert [(one["ok"], one.get("code")) for one in outbox.sent] == [(False, "internal.busy"), (True, None)]


@pytest.mark.parametrize("command_id", ["x" * 201, "a\nb", "tap\u202e"])
async def test_an_id_that_cannot_be_kept_as_it_is_is_refused(database: Database, command_id: str) -> None:
    await make_panel(code="door", room=await make_room(panel_books=True))
    outbox = Outbox()
    commands_of(outbox).take("door", tap(id=command_id), datetime.now(UTC))
    await until(lambda: outbox.sent)
    assert (outbox.sent[0]["ok"], outbox.sent[0]["code"]) == (False, "panel.bad_command")


async def test_invented_panels_leave_nothing_behind(database: Database) -> None:
    outbox = Outbox()
    panel_commands = commands_of(outbox)
    for number in range(30):
        panel_commands.take(f"nobody-{number}", tap(id=str(number)), datetime.now(UTC))
    await until(lambda: len(outbox.sent) == 30)
    await asyncio.sleep(0)
    assert panel_commands._running == {}


async def test_a_flood_of_invented_panels_is_held(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "WAITING_IN_ALL", 30)
    panel_commands = commands_of(Outbox())
    for number in range(100):
        panel_commands.take(f"invented-{number}", tap(id=str(number)), datetime.now(UTC))
    assert (len(panel_commands._running), panel_commands.refused) == (30, 70)
    await until(lambda: not panel_commands._running)
    panel_commands.take("invented", tap(), datetime.now(UTC))
    assert len(panel_commands._running) == 1
    await panel_commands.stop()


async def test_what_a_command_holds_beside_its_id_is_remembered_shortened(database: Database) -> None:
    """Two thousand answers are remembered by their commands, each of which may be 64 kB long."""
    outbox = Outbox()
    panel_commands = commands_of(outbox)
    panel_commands.take("door", tap(command="report_fault", minutes=None, kind="x" * 60_000), datetime.now(UTC))
    await until(lambda: outbox.sent)
    ((_, command),) = panel_commands._answers
    assert len(str(command)) < 500
    assert outbox.sent[0]["code"] == "panel.unknown"
