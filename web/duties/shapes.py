"""Duties as the API tells them."""

from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from web.kit.answers import Instant, ListAnswer, local


class DutyAnswer(BaseModel):
    id: int
    room: str
    roster: str
    name: str
    languages: str
    starts_at: Instant
    ends_at: Instant
    person: str | None
    person_name: str | None


DutiesAnswer = ListAnswer[DutyAnswer]


def duty_json(duty: dict[str, Any], room: str, zone: ZoneInfo) -> dict[str, Any]:
    """A row of ``duties_between`` with its times in the site's offset."""
    return {
        "id": duty["id"],
        "room": room,
        "roster": duty["roster"],
        "name": duty["name"],
        "languages": duty["languages"],
        "starts_at": local(duty["starts_at"], zone),
        "ends_at": local(duty["ends_at"], zone),
        "person": duty["person__login"],
        "person_name": duty["person__name"],
    }
