"""What a made booking is told beside its success: usually closed then, or a needed thing does not work."""

from typing import Any

from registry.assets.queries import readiness
from registry.bookings.models import Booking
from registry.core.errors import words
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import Room
from registry.rooms.queries import hours_of
from web.kit.i18n import Translate


async def warnings_of(booking: Booking, room: Room, say: Translate) -> list[dict[str, Any]]:
    """Each ``{code, detail, params}``; none makes the booking less valid."""
    warnings = []
    if not is_open_throughout(await hours_of(room), booking.starts_at, booking.ends_at):
        warnings.append(_warning("booking.outside_hours", say, room=room.code))
    if booking.needs:
        broken = sorted({item.feature for item in (await readiness(room.id)).broken} & set(booking.needs))
        warnings += [_warning("booking.not_ready", say, room=room.code, need=need) for need in broken]
    return warnings


def _warning(code: str, say: Translate, **params: Any) -> dict[str, Any]:
    return {"code": code, "detail": words(code, params, say), "params": params}
