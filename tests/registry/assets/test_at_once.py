"""Two people who change the same thing at the same moment, and a fault report that breaks half-way."""

import asyncio
from contextvars import copy_context
from decimal import Decimal
from secrets import token_bytes

import pytest
from tortoise.exceptions import IntegrityError

from registry.assets import actions, labels, tags
from registry.assets.actions import NewAsset
from registry.assets.models import Asset, Condition
from registry.assets.tags import check
from registry.core import history, seals
from registry.core.errors import Conflict
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.idempotency import IdempotencyKey, RequestAnswer, RequestKey, act_once, digest_of
from registry.devices import actions as device_actions
from registry.devices.models import Device
from registry.doors.actions import PanelCommand, panel_command
from registry.faults.models import Fault
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.make import NOW, make_asset, make_device, make_panel, make_room
from tests.registry.core.test_transaction import begun_beside

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_a_number_registered_twice_at_once_is_refused_once() -> None:
    new = NewAsset(name="Krzesło", price=Decimal(100), inventory_no="A/1")
    answers = await asyncio.gather(*(actions.register(new, SYSTEM, NOW) for _ in range(6)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [str(type(one)) for one in refused] == [str(Conflict)] * 5
    assert await Asset.filter(inventory_no="A/1").count() == 1


@pytest.mark.parametrize("number", [None, "A/1"])
async def test_a_piece_that_is_sent_six_times_with_one_key_is_registered_once(number: str | None) -> None:
    async def answering(assets: list[Asset]) -> RequestAnswer:
        return RequestAnswer(201, str(assets[0].id))

    async def send(new: NewAsset) -> RequestAnswer:
        key = RequestKey("person:1", "sent-1", digest_of(new), NOW)
        return await act_once(key, lambda key: actions.register_together([new], SYSTEM, NOW, key), answering)

    new = NewAsset(name="Krzesło", price=Decimal(100), inventory_no=number)
    answers = await asyncio.gather(*(send(new) for _ in range(6)))
    assert [*answers, await send(new)] == [RequestAnswer(201, str((await Asset.get()).id))] * 7
    with pytest.raises(Conflict) as refused:
        await send(NewAsset(name="Stół", price=Decimal(100)))
    assert refused.value.code == "request.key_reused"


@pytest.mark.parametrize("is_printed", [True, False])
async def test_a_tag_put_on_six_things_at_once_is_on_one(is_printed: bool) -> None:
    code = tags.new_code(token_bytes(tags.RANDOM_BYTES))
    if is_printed:
        (code,) = await labels.print_tags(1, SYSTEM, NOW)
    assert check(code)
    things = [await make_asset() for _ in range(6)]
    answers = await asyncio.gather(
        *(labels.link_tag(code, SYSTEM, NOW, asset_id=thing.id) for thing in things), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert [getattr(one, "code", repr(one)) for one in refused] == ["tag.taken"] * 5
    assert (await seals.verify())[1] is None


async def test_a_device_that_was_carried_meanwhile_is_stale() -> None:
    one, two, three = await make_room(), await make_room(), await make_room()
    device = await make_device(room=one)
    outside = copy_context()  # a task begun inside the change would be part of it
    async with changing(one.id, two.id):
        late = await begun_beside(device_actions.place(device.id, three.id, True, SYSTEM, NOW), outside)
        await Device.filter(id=device.id).update(room_id=two.id)
    with pytest.raises(Conflict, match="Somebody changed this"):
        await late
    assert (await Device.get(id=device.id)).room_id == two.id


async def test_rooms_that_lose_or_win_a_sensor_are_looked_at_at_once() -> None:
    one, two = await make_room(), await make_room()
    device = await make_device(room=one)
    await device_actions.place(device.id, two.id, True, SYSTEM, NOW)
    assert [(await Room.get(id=room.id)).next_change_at for room in (one, two)] == [NOW, NOW]


async def test_a_fault_report_that_broke_half_way_can_be_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make_room()
    panel = await make_panel(room=room)
    projector = await make_asset(name="Projektor laserowy", room=room)
    tap = PanelCommand("tap-1", "report_fault", kind="screen")

    async def breaks(*_: object, **__: object) -> None:
        raise IntegrityError("half-way")

    with monkeypatch.context() as broken:
        broken.setattr(history, "write", breaks)
        with pytest.raises(IntegrityError):
            await panel_command(panel, tap, NOW)
    assert await IdempotencyKey.all().count() == 0
    await asyncio.gather(*(panel_command(panel, tap, NOW) for _ in range(3)))
    assert (await Asset.get(id=projector.id)).condition == Condition.FAULTY
    objects = await HistoryEntry.all().order_by("object").values_list("object", flat=True)
    assert objects == [f"asset:{projector.id}", f"fault:{(await Fault.get()).id}"]
