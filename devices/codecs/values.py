"""How single values are understood: yes and no, counts, percent, instants. Every family uses these."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

MAX_PEOPLE = 10_000
SKEW = timedelta(minutes=2)
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)

YES = frozenset({"on", "true", "1", "yes", "occupied", "detected", "motion", "present", "presence", "trigger",
                 "triggered", "active"})  # fmt: skip
NO = frozenset({"off", "false", "0", "no", "vacant", "clear", "no_motion", "no motion", "absent", "normal", "idle",
                "unoccupied", "not_present", "inactive"})  # fmt: skip
UNKNOWN = frozenset({"unknown", "unavailable", "none", "null", "nan", ""})
UP = frozenset({"online", "on", "true", "1", "connected", "up", "alive", "ready"})
DOWN = frozenset({"offline", "off", "false", "0", "disconnected", "down", "lost", "dead"})


class Value(NamedTuple):
    """A value that was understood, whether only leniently, and why not if it was not."""

    value: Any = None
    coerced: bool = False
    reason: str = ""


def yes_no(value: Any) -> Value:
    """A boolean, or a word or number that stands for one."""
    if isinstance(value, bool):
        return Value(value)
    if value is None:
        return Value()
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, int | float):
        return Value(bool(value), coerced=True) if value in (0, 1) else Value(reason=f"{value} is no boolean")
    return Value(reason="object is not a value" if isinstance(value, dict) else "list is not a value")


def _word(value: str) -> Value:
    word = value.strip().casefold()
    if word in YES or word in NO:
        return Value(word in YES, coerced=True)
    if word in UNKNOWN:
        return Value()
    return Value(reason=f"{clean(value, 24)} is no boolean")


def count(value: Any) -> Value:
    """How many people: 0 to 10 000."""
    number = _number(value)
    if number.value is None:
        return number
    if number.value < 0:
        return Value(reason="negative")
    if number.value != int(number.value):
        return Value(reason=f"{number.value} is no count")
    if number.value > MAX_PEOPLE:
        return Value(reason="more people than fit")
    return number._replace(value=int(number.value))


def percent(value: Any) -> Value:
    """A battery's charge. 255 and −1 mean unknown, 3.02 is a voltage."""
    number = _number(value)
    if number.value is None:
        return number
    if not 0 <= number.value <= 100:
        return Value(reason=f"battery {number.value}")
    if number.value != int(number.value) and number.value < 5:
        return Value(reason=f"battery {number.value} reads as volts")
    whole = number.value == int(number.value)
    return number._replace(value=int(number.value) if whole else number.value)


def _number(value: Any) -> Value:
    if value is None:
        return Value()
    if isinstance(value, bool):
        return Value(reason=f"{str(value).lower()} is no number")
    if isinstance(value, int | float):
        return Value(value)
    if not isinstance(value, str):
        return Value(reason="object is not a value" if isinstance(value, dict) else "list is not a value")
    word = value.strip().removesuffix("%").strip()
    if word.casefold() in UNKNOWN:
        return Value()
    try:
        number = float(word)
    except ValueError:
        return Value(reason=f"{clean(value, 24)} is no number")
    # float() takes nan, inf and 1e999, and abs(nan) < x is false
    return Value(number, coerced=True) if abs(number) < 1e18 else Value(reason="a number out of range")


def up_down(value: Any) -> bool | None:
    """Whether a status word or ``{"state": word}`` says online, None if neither."""
    if isinstance(value, dict):
        value = value.get("state", value.get("status", value.get("online")))
    if isinstance(value, bool):
        return value
    word = value.strip().casefold() if isinstance(value, str) else ""
    return True if word in UP else False if word in DOWN else None


def instant(value: Any) -> datetime | None:
    """A device's time: RFC 3339, or seconds or milliseconds since 1970. None if it cannot be one."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value.strip())
            return None if moment.tzinfo is None else moment.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def clean(text: str, limit: int = 80) -> str:
    """A foreign text that may be stored and shown: no control characters, no lone surrogates, cut to ``limit``."""
    plain = "".join(sign for sign in text[: 2 * limit] if sign.isprintable())
    return plain.encode("utf-8", "replace").decode()[:limit]
