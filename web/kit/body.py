"""What comes in: bodies as checked structs, times with their offset, codes that a database can take."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Request
from pydantic import BeforeValidator

from registry.core.errors import Invalid, Reason
from registry.core.idempotency import RequestKey
from registry.people.models import Person
from registry.rooms.hours import local_instant
from web.kit.errors import ANOTHER_REASON, REASONS
from web.kit.words import N_

T = TypeVar("T")

# RFC 3339, the offset apart; a blank stands where a client left the + of a query string as it was
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,9}))?([Zz]|[+ -]\d\d:\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FIRST, _LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_UNKNOWN = re.compile(r"unknown field `(.*?)`")
_EXPECTED = re.compile(r"Expected `([^`]+)`")
_LIMIT = re.compile(r"Expected `(\w+)[^`]*`(?: of length)? (<=|>=) (\d+)")
_LIMITS = {
    ("str", "<="): N_("it is longer than {limit} characters"),
    ("str", ">="): N_("it is shorter than {limit} characters"),
    ("array", "<="): N_("it has more than {limit} entries"),
    ("object", "<="): N_("it has more than {limit} entries"),
    ("int", "<="): N_("it is more than {limit}"),
    ("int", ">="): N_("it is less than {limit}"),
}
_KINDS = {"int": "int_type", "float": "float_parsing", "str": "string_type", "bool": "bool_type", "array": "list_type",
          "object": "dict_type", "date": "date_parsing"}  # fmt: skip
_BYTE = re.compile(r"\(byte (\d+)\)")
_MISSING = re.compile(r"missing required field `(.*?)`")
KEY_LIMIT = 200
# a filter that is left empty, as a form sends it, asks for nothing
MAY_BE_EMPTY = BeforeValidator(lambda told: None if told == "" else told)


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """What a request may hold, and nothing else."""


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


async def body(request: Request, kind: type[T]) -> T:
    """The body as a struct.

    Raises Invalid: request.not_utf8, not_json, duplicate_key, unknown_field, missing_field, bad_field.
    """
    return parsed(await request.body(), kind)


async def body_or(request: Request, kind: type[T], default: T) -> T:
    """As ``body``; an empty one is the default."""
    raw = await request.body()
    return parsed(raw, kind) if raw.strip() else default


def parsed(raw: bytes, kind: type[T]) -> T:
    decoder = _decoders.get(kind) or _decoders.setdefault(kind, msgspec.json.Decoder(kind))
    try:
        made: T = decoder.decode(raw)
        _strict.decode(raw.decode())
    except msgspec.ValidationError as fault:
        raise _refusal(str(fault)) from fault
    except UnicodeDecodeError as fault:
        raise Invalid("request.not_utf8") from fault
    except (msgspec.DecodeError, ValueError, RecursionError) as fault:
        raise _unreadable(raw, fault) from fault
    return made


def _unique(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise Invalid("request.duplicate_key", field=key[:100].encode("utf-8", "replace").decode())
        seen.add(key)


def _no_number(name: str) -> NoReturn:
    raise Invalid("request.not_json", reason=Reason(N_("{given} is no number of JSON"), given=name))


# msgspec keeps the last of equal keys and says nothing; this one builds nothing and reads no number
_strict = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_number, parse_int=len, parse_float=len)


def _unreadable(raw: bytes, fault: Exception) -> Invalid:
    try:
        _strict.decode(raw.decode())
    except UnicodeDecodeError:
        return Invalid("request.not_utf8")
    except Invalid as refusal:
        return refusal
    except (ValueError, RecursionError):
        pass  # the first reader's words name the place
    return Invalid("request.not_json", reason=_place(fault))


def _place(fault: Exception) -> Reason:
    if isinstance(fault, RecursionError):
        return Reason(N_("it is nested too deeply"))
    if found := _BYTE.search(str(fault)):
        return Reason(N_("it cannot be read from byte {byte} on"), byte=int(found[1]) + 1)
    return Reason(N_("it ends too early"))


def _refusal(told: str) -> Invalid:
    at = _PATH.search(told)
    where = f"{at[1]}." if at and at[1] else ""
    if unknown := _UNKNOWN.search(told):
        return Invalid("request.unknown_field", field=f"{where}{unknown[1]}"[:100])
    if missing := _MISSING.search(told):
        return Invalid("request.missing_field", field=f"{where}{missing[1]}"[:100])
    return Invalid("request.bad_field", field=where.rstrip(".") or "body", reason=_why(_PATH.sub("", told)))


def _why(told: str) -> Reason:
    """What msgspec says of a value, in words that are translated."""
    if (limit := _LIMIT.search(told)) and limit.groups()[:2] in _LIMITS:
        return Reason(_LIMITS[limit[1], limit[2]], limit=int(limit[3]))
    if "out of range" in told:
        return Reason(REASONS["less_than"])
    expected = _EXPECTED.search(told)
    kind = expected[1].removesuffix(" | null") if expected else "date" if "date" in told else "enum"
    return Reason(REASONS.get(_KINDS.get(kind, kind), ANOTHER_REASON))


def moment(field: str, given: str) -> datetime:
    """An instant in UTC. Raises Invalid("booking.naive_time") without an offset, Invalid("booking.bad_time")."""
    told = _MOMENT.fullmatch(given)
    if told is None:
        if _DAY.fullmatch(given):
            raise Invalid("booking.naive_time", field=field)
        raise Invalid("booking.bad_time", field=field, given=given[:60])
    day, minute, second, fraction, offset = told.groups()
    if offset is None:
        raise Invalid("booking.naive_time", field=field)
    offset = "+00:00" if offset in "Zz" else offset.replace(" ", "+")
    try:
        at = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}.{(fraction or '0')[:6]:0<6}{offset}")
        at = at.astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise Invalid("booking.bad_time", field=field, given=given[:60]) from fault
    if not _FIRST <= at < _LAST:
        raise Invalid("booking.bad_time", field=field, given=given[:60])
    return at


def calendar_day(field: str, given: str) -> date:
    """A day between 1990 and 2199. Raises Invalid("request.bad_field")."""
    try:
        day = date.fromisoformat(given) if _DAY.fullmatch(given) else None
    except ValueError:
        day = None
    return kept_day(field, day or date.min)


def kept_day(field: str, day: date) -> date:
    """As ``calendar_day``, of a date that was read."""
    if not _FIRST.date() <= day < _LAST.date():
        raise Invalid("request.bad_field", field=field, reason=Reason(N_("it is not a date such as 2026-11-26")))
    return day


def span(
    request: Request, zone: ZoneInfo, now: datetime, days: int = 1, longest: int = 92
) -> tuple[datetime, datetime]:
    """``from`` and ``to`` of the query: times, or dates that mean local midnight. Without them ``days`` from today.

    Raises Invalid: booking.bad_time, booking.naive_time, booking.ends_before_start; request.bad_field when longer than
    ``longest`` days.
    """
    given = request.query_params
    since = _edge("from", given["from"], zone) if given.get("from") else None
    until = _edge("to", given["to"], zone) if given.get("to") else None
    if since is None:
        since = until - timedelta(days=days) if until else local_instant(now.astimezone(zone).date(), 0, zone)
    if until is None:
        until = since + timedelta(days=days)
    if until <= since:
        raise Invalid("booking.ends_before_start")
    if until - since > timedelta(days=longest, hours=2):
        raise Invalid(
            "request.bad_field", field="to", reason=Reason(N_("it is more than {days} days after from"), days=longest)
        )
    return since, until


def _edge(field: str, given: str, zone: ZoneInfo) -> datetime:
    return local_instant(calendar_day(field, given), 0, zone) if _DAY.fullmatch(given) else moment(field, given)


def plain(field: str, given: str | None, limit: int = 200) -> str:
    """A short text without control characters. Raises Invalid("request.bad_field")."""
    text = (given or "").strip()
    if len(text) > limit:
        raise Invalid("request.bad_field", field=field, reason=Reason(_LIMITS["str", "<="], limit=limit))
    if not text.isprintable():
        raise Invalid("request.bad_field", field=field, reason=Reason(N_("it holds characters that cannot be shown")))
    return text


def named(field: str, given: str, limit: int) -> str:
    """As ``plain``, of what must say something. Raises Invalid("request.missing_field")."""
    told = plain(field, given, limit)
    if not told:
        raise Invalid("request.missing_field", field=field)
    return told


def text(field: str, given: str, limit: int) -> str:
    """As ``plain``, of several lines."""
    plain(field, " ".join(given.split()), limit)
    return given.strip()


def asked_once(request: Request, person: Person) -> RequestKey | None:
    """This person's Idempotency-Key, None where the request has none. Raises Invalid("request.bad_field")."""
    key = plain("Idempotency-Key", request.headers.get("idempotency-key"), KEY_LIMIT)
    return RequestKey(f"person:{person.id}", key) if key else None
