"""How a simulated office lives: who is in a room at a moment, from the bookings, a seed and nothing else."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ROUND = timedelta(minutes=20)
VISIT = timedelta(minutes=4)
NO_SHOW, EARLY_LEAVER = 0.10, 0.20
SILENT_AFTER = timedelta(minutes=6)
# CO₂ outside, what a person adds in the long run, and how fast the air changes
FRESH_AIR, PER_PERSON, AIRING = 430, 45, timedelta(minutes=25)


@dataclass(frozen=True, slots=True)
class Spot:
    """A simulated sensor and the room it watches. ``temper`` is live, silent or stuck."""

    code: str
    room: str
    counts: bool = False
    temper: str = "live"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A booking as the people in it see it."""

    key: str
    room: str
    starts_at: datetime
    ends_at: datetime
    people: int = 3


def tempers(codes: Sequence[tuple[str, str]], seed: int, spare: Sequence[str] = ()) -> list[Spot]:
    """Spots for (code, room): one falls silent and one sticks, never in the ``spare`` rooms or in the same room."""
    ill = [pair for pair in sorted(codes) if pair[1] not in spare]
    random.Random(seed).shuffle(ill)  # noqa: S311  # a play, not a secret
    silent = ill[0] if len(ill) > 2 else None
    stuck = next((pair for pair in ill if silent and pair[1] != silent[1]), None)
    marks = {silent: "silent", stuck: "stuck"}
    return [Spot(code, room, temper=marks.get((code, room), "live")) for code, room in sorted(codes)]


def somebody_in(spot: Spot, meetings: Sequence[Meeting], rooms: Sequence[str], now: datetime, seed: int) -> bool:
    """Whether this sensor sees anybody at ``now``: its room's meeting, or somebody on a round through the house."""
    for meeting in meetings:
        if meeting.room == spot.room:
            present = _present(meeting, seed)
            if present and present[0] <= now < present[1]:
                return _sees(spot, now, seed)
    return _on_round(spot, meetings, rooms, now, seed)


def headcount(spot: Spot, meetings: Sequence[Meeting], now: datetime, seed: int) -> int:
    """How many a counter sees when it sees anybody."""
    for meeting in meetings:
        if meeting.room == spot.room and meeting.starts_at <= now < meeting.ends_at:
            return max(1, meeting.people - _chance(seed, meeting.key, "late").randrange(2))
    return 1


@dataclass(frozen=True, slots=True)
class Air:
    """What a sensor of the air tells: CO₂ in ppm, degrees Celsius, relative humidity in percent."""

    co2: int
    temperature: float
    humidity: int


def air_in(room: str, meetings: Sequence[Meeting], now: datetime, seed: int) -> Air:
    """The air of a room: it gets stale while people meet, and fresh again when they have gone."""
    added = sum(_breathed(meeting, now, seed) for meeting in meetings if meeting.room == room)
    waver = _chance(seed, room, "air", str(int(now.timestamp()) // 60))
    co2 = FRESH_AIR + round(added) + waver.randrange(-12, 13)
    return Air(co2, round(20.5 + added / 400 + waver.uniform(-0.2, 0.2), 1), 38 + round(added / 80))


def _breathed(meeting: Meeting, now: datetime, seed: int) -> float:
    present = _present(meeting, seed)
    if present is None or now <= present[0]:
        return 0.0
    inside = min(now, present[1]) - present[0]
    gone = max(now - present[1], timedelta(0))
    return meeting.people * PER_PERSON * (1 - math.exp(-(inside / AIRING))) * math.exp(-(gone / AIRING))


def _present(meeting: Meeting, seed: int) -> tuple[datetime, datetime] | None:
    """When people are there: some never come, some leave early, most are nearly on time."""
    chance = _chance(seed, meeting.key)
    fate = chance.random()
    if fate < NO_SHOW:
        return None
    arrives = meeting.starts_at + timedelta(seconds=chance.randrange(-180, 300))
    length = meeting.ends_at - meeting.starts_at
    if fate < NO_SHOW + EARLY_LEAVER:
        return arrives, meeting.starts_at + length * chance.uniform(0.4, 0.7)
    return arrives, meeting.ends_at + timedelta(seconds=chance.randrange(-240, 120))


def _sees(spot: Spot, now: datetime, seed: int) -> bool:
    """A radar loses a quiet person now and then for half a minute."""
    return _chance(seed, spot.code, str(int(now.timestamp()) // 30)).random() > 0.04


def _on_round(spot: Spot, meetings: Sequence[Meeting], rooms: Sequence[str], now: datetime, seed: int) -> bool:
    """Day and night somebody walks from room to room, so that a visitor of the demo always sees something move."""
    if any(meeting.room == spot.room and meeting.starts_at <= now < meeting.ends_at for meeting in meetings):
        return False
    lap, into = divmod(int(now.timestamp()), int(ROUND.total_seconds()))
    stops = sorted(rooms)
    _chance(seed, "round", str(lap)).shuffle(stops)
    stay = int(VISIT.total_seconds())
    place = into // stay
    return place < len(stops) and stops[place] == spot.room


def _chance(seed: int, *of: str) -> random.Random:
    return random.Random("/".join((str(seed), *of)))  # noqa: S311  # a play, not a secret
