"""The live doors when the register fails them."""

import asyncio
import logging
import time

import pytest

import web.doors.hub
from registry.core.clock import utc_now
from registry.core.events import DeviceChanged, dispatch
from registry.core.history import SYSTEM
from registry.devices import pairing
from registry.devices.models import Device
from tests.conftest import Database
from tests.devices.broker.test_connection import until
from tests.make import NOW, make_panel, make_room
from web.doors.hub import BEATS_A_MINUTE, Hub
from web.kit.options import SiteOptions
from web.kit.render import Pages


async def test_a_register_that_does_not_answer_does_not_end_the_live_doors(
    database: Database, tmp_path, monkeypatch
) -> None:
    device = await make_panel(room=await make_room(), key_digest=pairing.digest("key"))
    hub = Hub(Pages(SiteOptions(secret_key="k" * 40, data_dir=tmp_path)), utc_now)
    question = asyncio.Event()

    async def away(_ids: object) -> None:
        question.set()
        raise OSError("the database is away")

    async with hub.seat(device) as seat:
        with monkeypatch.context() as broken:
            broken.setattr(web.doors.hub, "devices_by_id", away)
            await dispatch([DeviceChanged(device.id)])
            await asyncio.wait_for(question.wait(), 30)
            await asyncio.sleep(0.05)
        assert hub.task
        assert not hub.task.done()
        await pairing.unpair(device.id, SYSTEM, NOW)
        async with asyncio.timeout(30):
            while b"event: again" not in seat.take():
                await seat.wake.wait()
                seat.wake.clear()


async def test_a_panel_that_is_open_is_heard_at_once_and_every_minute(
    database: Database, tmp_path, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(web.doors.hub, "BEAT_SECONDS", 3600)  # the test beats
    room = await make_room()
    device = await make_panel(room=room, key_digest=pairing.digest("key"))
    hub = Hub(Pages(SiteOptions(secret_key="k" * 40, data_dir=tmp_path)), utc_now)

    async def heard() -> Device:
        until = time.monotonic() + 30
        while (panel := await Device.get(id=device.id)).heard_at is None:
            assert time.monotonic() < until, "it was never noted"
            await asyncio.sleep(0.02)
        return panel

    async with hub.seat(device) as seat:
        assert (await heard()).online is True
        await Device.filter(id=device.id).update(heard_at=None)
        for _ in range(BEATS_A_MINUTE - 1):
            await hub._beat()
        assert hub.in_touch == set(), "not with every beat"
        await hub._beat()
        await heard()

        async def away(*_: object) -> None:
            raise OSError("the database is away")

        monkeypatch.setattr(web.doors.hub, "note_panels", away)
        with caplog.at_level(logging.ERROR):
            for _ in range(BEATS_A_MINUTE):
                await hub._beat()
            await until(lambda: "which panels are here" in caplog.text)
        assert hub.task
        assert not hub.task.done()
        assert seat.is_open
