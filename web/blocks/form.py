"""A block as typed into its form: read without losing anything, every fault at its field."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from registry.blocks.queries import spans_of
from registry.blocks.rules import (
    LANGUAGES,
    MOST_ROOMS,
    MOST_SPANS,
    Clearance,
    Decision,
    NewBlock,
    OnConflict,
    Span,
    Way,
)
from registry.bookings.models import Block
from registry.bookings.rules import local_time
from registry.core.errors import Invalid, Refusal
from web.kit.time_of_day import DAY as WHOLE_DAY
from web.kit.time_of_day import clock, minute_of_day

SPAN_FIELDS = ("from_day", "from_time", "to_day", "to_time")
BLANK = dict.fromkeys(SPAN_FIELDS, "")
ROWS_AT_FIRST = 1
LONGEST_TYPED = 1000


@dataclass(slots=True)
class BlockForm:
    """The texts of the form as they were typed; ``decisions`` by the id of a booking in the way: keep, cancel or
    move:ROOM; ``others`` of all else. ``is_asked``: what is in the way was shown.
    """

    rooms: list[str] = field(default_factory=list)
    spans: list[dict[str, str]] = field(default_factory=lambda: [dict(BLANK)])
    reason: str = ""
    public_text: dict[str, str] = field(default_factory=dict)
    decisions: dict[str, str] = field(default_factory=dict)
    others: str = ""
    is_asked: bool = False
    works: str = ""
    key: str = ""
    revision: str = ""

    def as_words(self) -> dict[str, Any]:
        """As a draft keeps it."""
        return {name: getattr(self, name) for name in self.__slots__}


def form_of(fields: FormData) -> BlockForm:
    """What was sent."""
    columns = [[str(text)[:40] for text in fields.getlist(name)] for name in SPAN_FIELDS]
    rows = [dict(zip(SPAN_FIELDS, texts, strict=True)) for texts in zip(*columns, strict=False)]
    decisions = {
        name.removeprefix("way-"): str(text)[:60] for name, text in fields.multi_items() if name.startswith("way-")
    }
    return BlockForm(
        rooms=[str(code)[:40] for code in fields.getlist("rooms")][: MOST_ROOMS + 1],
        spans=rows[: MOST_SPANS + 1] or [dict(BLANK)],
        reason=_text(fields, "reason"),
        public_text={language: _text(fields, f"public_text_{language}") for language in LANGUAGES},
        decisions=decisions,
        others=_text(fields, "others")[:20],
        is_asked=bool(fields.get("asked")),
        works=_text(fields, "works")[:20],
        key=_text(fields, "key")[:100],
        revision=_text(fields, "revision")[:20],
    )


def _text(fields: FormData, name: str) -> str:
    return str(fields.get(name) or "")[:LONGEST_TYPED]


def form_of_block(block: Block, zone: ZoneInfo) -> BlockForm:
    """The form of a block that exists."""
    return BlockForm(
        rooms=list(block.rooms),
        spans=[span_fields(span, zone) for span in spans_of(block)],
        reason=block.reason,
        public_text=dict(block.public_text),
        revision=str(block.revision),
    )


def span_fields(span: Span, zone: ZoneInfo) -> dict[str, str]:
    """The four fields of a span."""
    since, until = (at.astimezone(zone) for at in span)
    is_midnight = until.time() == time(0) and until.date() > since.date()
    last = until.date() - timedelta(days=1) if is_midnight else until.date()
    return {
        "from_day": since.date().isoformat(),
        "from_time": f"{since:%H:%M}",
        "to_day": last.isoformat(),
        "to_time": clock(WHOLE_DAY) if is_midnight else f"{until:%H:%M}",
    }


def first_span(now: datetime, zone: ZoneInfo, day: date | None) -> dict[str, str]:
    """What an empty form proposes: the next working day from eight to four."""
    local = now.astimezone(zone).date()
    chosen = day or local + timedelta(days=1 if local.weekday() < 4 or local.weekday() == 6 else 7 - local.weekday())
    return {"from_day": chosen.isoformat(), "from_time": "08:00", "to_day": chosen.isoformat(), "to_time": "16:00"}


@dataclass(slots=True)
class BlockCheck:
    """A form after it was read: the block if it can be read, and every fault at its field ('' is the whole form)."""

    form: BlockForm
    new: NewBlock | None = None
    faults: dict[str, list[Refusal]] = field(default_factory=dict)

    def refuse(self, refusal: Refusal, name: str | None = None) -> None:
        self.faults.setdefault(_place_of(refusal) if name is None else name, []).append(refusal)


_FIELDS = {
    "block.no_room": "rooms",
    "room.unknown": "rooms",
    "room.not_yours": "rooms",
    "block.nothing_left": "rooms",
    "block.no_reason": "reason",
    "block.no_span": "to_time-0",
    "block.too_early": "from_day-0",
    "block.too_far": "to_day-0",
}


def _place_of(refusal: Refusal) -> str:
    return _FIELDS.get(refusal.code, str(refusal.params.get("field", "")))


def check_form(form: BlockForm, zone: ZoneInfo) -> BlockCheck:
    """Read a form. Nothing is raised for what was typed: it stands in ``faults``."""
    check = BlockCheck(form)
    spans = [span for number, row in enumerate(form.spans) if (span := _span(check, number, row, zone))]
    if not check.faults:
        texts = {language: " ".join(text.split()) for language, text in form.public_text.items() if text.strip()}
        check.new = NewBlock(tuple(dict.fromkeys(form.rooms)), tuple(spans), " ".join(form.reason.split()), texts)
    return check


def _span(check: BlockCheck, number: int, row: dict[str, str], zone: ZoneInfo) -> Span | None:
    """None for a row that is left empty, and for one that cannot be read."""
    if not any(text.strip() for text in row.values()):
        return None
    day = _day(check, f"from_day-{number}", row["from_day"])
    last = _day(check, f"to_day-{number}", row["to_day"]) if row["to_day"].strip() else day
    since = _minute(check, f"from_time-{number}", row["from_time"], 0)
    until = _minute(check, f"to_time-{number}", row["to_time"], WHOLE_DAY)
    if day is None or last is None or since is None or until is None:
        return None
    try:
        # in the hour that happens twice the room is blocked for both
        start = _instant(day, since, zone, 0)
        end = _instant(last, until, zone, 1)
    except Invalid as refusal:
        check.refuse(refusal, f"from_time-{number}")
        return None
    if end <= start:
        check.refuse(Invalid("booking.ends_before_start"), f"to_time-{number}")
        return None
    return start, end


def _instant(day: date, minute: int, zone: ZoneInfo, fold: int) -> datetime:
    days, minute = divmod(minute, WHOLE_DAY)
    return local_time(day + timedelta(days=days), time(minute // 60, minute % 60), zone, fold).astimezone(UTC)


def _day(check: BlockCheck, name: str, text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        check.refuse(Invalid("booking.bad_date", given=text[:40] or "–"), name)
        return None
    if not 1990 <= day.year < 2200:
        check.refuse(Invalid("booking.bad_date", given=text), name)
        return None
    return day


def _minute(check: BlockCheck, name: str, text: str, default: int) -> int | None:
    """Minutes after midnight; the whole day where nothing is typed."""
    if not text.strip():
        return default
    minute = minute_of_day(text)
    if minute is None or (minute == WHOLE_DAY and not name.startswith("to_")):
        check.refuse(Invalid("booking.bad_clock", given=text[:40]), name)
        return None
    return minute


def clearance_of(form: BlockForm, *, may_decide: bool) -> Clearance:
    """What was said of the bookings in the way. Who may not decide on them blocks the time beside them, once they were
    shown.
    """
    decisions = dict(_decisions(form.decisions.items()))
    others = OnConflict.REFUSE if may_decide or not form.is_asked else OnConflict.KEEP
    if may_decide and form.is_asked and form.others in (OnConflict.KEEP, OnConflict.CANCEL):
        others = OnConflict(form.others)
    return Clearance(others, decisions)


def _decisions(lines: Iterable[tuple[str, str]]) -> Iterable[tuple[UUID, Decision]]:
    for name, text in lines:
        way, _, room = text.partition(":")
        try:
            yield UUID(name), Decision(Way(way), room)
        except ValueError:
            continue  # not decided
