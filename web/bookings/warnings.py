"""What a made booking is told beside its success: usually closed then, or a needed thing does not work."""

from typing import Any

from fastapi import Request

from registry.assets.queries import readiness
from registry.bookings.models import Booking
from registry.bookings.rules import BookingRequest
from registry.core.errors import words
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import Room
from registry.rooms.queries import hours_of
from web.auth.session import options_of
from web.kit.i18n import LANGUAGES, preferred, translate


async def warnings_of(request: Request, wish: BookingRequest, booking: Booking, room: Room) -> list[dict[str, Any]]:
    """Each ``{code, detail, params}``; none makes the booking less valid."""
    found = []
    if not is_open_throughout(await hours_of(room), booking.starts_at, booking.ends_at):
        found.append(_warning(request, "booking.outside_hours", room=room.code))
    if wish.needs:
        broken = sorted({item.feature for item in (await readiness(room.id)).broken} & set(wish.needs))
        found += [_warning(request, "booking.not_ready", room=room.code, need=need) for need in broken]
    return found


def _warning(request: Request, code: str, **params: Any) -> dict[str, Any]:
    accepted = request.headers.get("accept-language", "")
    language = preferred(accepted, tuple(LANGUAGES), options_of(request).language)
    return {"code": code, "detail": words(code, params, translate(language)), "params": params}
