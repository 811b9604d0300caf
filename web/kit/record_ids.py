"""Ids of records in addresses: one that no record can have is unknown, as one that none has."""

from typing import Any
from uuid import UUID

from pydantic import AfterValidator

from registry.core.errors import NotFound
from registry.core.ids import LARGEST_ID, may_be_id

LONGEST = len(str(LARGEST_ID))


def possible_id(number: int, code: str, **params: Any) -> int:
    """Raises NotFound(code) for a number that no record can have."""
    if not may_be_id(number):
        raise NotFound(code, **params)
    return number


def id_in(text: str) -> int | None:
    """The id that a text is; None for one that no record can have."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else 0
    return number if may_be_id(number) else None


def revision_in(text: str) -> int | None:
    """The revision that a form was opened with; None for one that does not say."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= LONGEST else None


def offset_in(text: str) -> int:
    """How many rows a list's address leaves out before it; 0 for what is no number, or a larger one than any list."""
    return int(text) if text.isdecimal() and len(text) < 7 else 0


def booking_id_in(text: str) -> UUID | None:
    """The booking's id that a text is; None for what is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def possible_booking_id(text: str) -> UUID:
    """Raises NotFound("booking.unknown") for what is no booking's id."""
    booking_id = booking_id_in(text)
    if booking_id is None:
        raise NotFound("booking.unknown")
    return booking_id


def unless_unknown(code: str, named: str = "") -> AfterValidator:
    """For the type of a path's id: as :func:`possible_id`. ``named`` is what the refusal calls the number, if it tells
    it.
    """
    return AfterValidator(lambda number: possible_id(number, code, **({named: number} if named else {})))
