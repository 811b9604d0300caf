"""What goes out: lists with their cursor, entity tags, instants."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from pydantic import AwareDatetime, BaseModel, PlainSerializer, WithJsonSchema

from registry.core.errors import N_, Conflict, Invalid, Reason

T = TypeVar("T")
Row = TypeVar("Row")
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')
_CURSOR = re.compile(r"o[0-9]{1,18}")
# the same in base64: for who writes a cursor by the description
_TWO, _LAST = "[AEIMQUYcgk][w-z0-5]", "[MN][AQgw]|O[AQ]"
_PAIR = "([MN][DTjz]|O[DT])[AEIMQUYcgk]"
_THREE = f"({_PAIR}[w-z0-5])"
CURSOR_PATTERN = f"^(bz[AEIMQUYcgk]|bz{_TWO}{_THREE}{{0,4}}({_LAST}|{_PAIR})?|bz{_TWO}{_THREE}{{5}}({_LAST})?)$"

# RFC 3339 with the offset that it has; pydantic alone would write Z for UTC
Instant = Annotated[
    AwareDatetime,
    PlainSerializer(datetime.isoformat, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

# the same as text, where a projection writes it already
InstantText = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class ListAnswer(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for: ``limit`` rows from ``start`` on."""

    start: int
    limit: int

    def part(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The part of a list that is in memory anyway."""
        return rows[self.start : self.start + self.limit]

    def cursor(self, rows: int, total: int) -> str | None:
        """Where the list goes on after a part of so many rows; None at its end."""
        end = self.start + rows
        return cursor_at(end) if rows and end < total else None


def paging(limit: int, most: int = 200) -> Callable[..., Awaitable[Paging]]:
    """The dependency of a list that gives so many rows where none are asked for, and ``most`` at once."""

    async def asked(
        limit: Annotated[int, Query(ge=1, le=most)] = limit,
        cursor: Annotated[
            str | None,
            Query(
                max_length=100, description="``next`` of the page before", json_schema_extra={"pattern": CURSOR_PATTERN}
            ),
        ] = None,
    ) -> Paging:
        return Paging(position(cursor), limit)

    return asked


Paged = Annotated[Paging, Depends(paging(50))]
PagedLong = Annotated[Paging, Depends(paging(200))]


def cursor_at(place: int) -> str:
    """An opaque cursor for a place in a list."""
    return base64.urlsafe_b64encode(f"o{place}".encode()).decode().rstrip("=")


def position(cursor: str | None) -> int:
    """The place a cursor stands for, 0 without one. Raises Invalid("request.bad_field")."""
    if not cursor:
        return 0
    try:
        place = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        place = ""
    if not _CURSOR.fullmatch(place):
        raise Invalid("request.bad_field", field="cursor", reason=Reason(N_("it is not the cursor of a former answer")))
    return int(place[1:])


def etag(revision: int) -> str:
    """The entity tag of a record's revision."""
    return f'"{revision}"'


def revision_of(tags: str) -> int | None:
    """The newest revision that an If-Match header names; None without one or for ``*``. Raises
    Conflict("request.stale").
    """
    tags = tags.strip()
    if tags in ("", "*"):
        return None
    revisions = [int(number) for number in _ETAG.findall(tags)]
    if not revisions:
        raise Conflict("request.stale")
    return max(revisions)


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """An instant in the site's offset."""
    return at.astimezone(zone) if at else None


def pln(amount: Decimal) -> str:
    """An amount to the grosz, or a percent to its hundredth."""
    return f"{amount:.2f}"
