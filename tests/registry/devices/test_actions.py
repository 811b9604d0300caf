"""What may become of a device that is out of use."""

import pytest

from registry.core.history import SYSTEM
from registry.devices import pairing
from registry.devices.actions import amend
from registry.devices.models import Device
from tests.make import NOW, make_panel, make_room, refused

pytestmark = pytest.mark.usefixtures("database")


async def test_a_panel_out_of_use_is_no_tablets_door() -> None:
    room = await make_room(code="A-1")
    panel = await make_panel(code="A-1-door", room=room)
    await amend(panel.id, {"is_retired": True}, SYSTEM, NOW)
    other = await pairing.pair(pairing.offer(NOW).code, "A-1", SYSTEM, NOW)
    assert (other.code, other.id == panel.id) == ("A-1-door-2", False)
    assert (await refused(amend(panel.id, {"room_id": room.id}, SYSTEM, NOW))).code == "device.retired"
    await amend(panel.id, {}, SYSTEM, NOW)
    fresh = await Device.get(id=panel.id)
    assert (fresh.retired_at, fresh.room_id, fresh.enabled) == (NOW, None, False)
    await amend(panel.id, {"is_retired": False, "room_id": room.id, "enabled": True}, SYSTEM, NOW)
    assert (await Device.get(id=panel.id)).room_id == room.id
