"""What goes out: JSON bytes, lists with their cursor, entity tags."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import Request
from starlette.responses import Response

from registry.core.errors import N_, Conflict, Invalid, Reason

JSON = "application/json"
_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def answer(
    told: Any, status: int = 200, revision: int | None = None, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer; ``revision`` becomes its ETag."""
    named = dict(headers or {})
    if revision is not None:
        named["etag"] = f'"{revision}"'
    return Response(orjson.dumps(told, default=str), status, named, media_type=JSON)


def listing(items: Sequence[Any], total: int | None = None, following: str | None = None) -> Response:
    """The one shape of every list. ``following`` is the cursor of the next page."""
    return answer({"items": items, "next": following, "total": len(items) if total is None else total})


def page(items: Sequence[Any], limit: int, cursor: str | None) -> Response:
    """One page of a list that is in memory anyway."""
    start = position(cursor)
    end = start + limit
    return listing(items[start:end], len(items), cursor_at(end) if end < len(items) else None)


def cursor_at(place: int) -> str:
    """An opaque cursor for a place in a list."""
    return base64.urlsafe_b64encode(f"o{place}".encode()).decode().rstrip("=")


def position(cursor: str | None) -> int:
    """The place a cursor stands for, 0 without one. Raises Invalid("request.bad_field")."""
    if not cursor:
        return 0
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        told = ""
    if not re.fullmatch(r"o[0-9]{1,18}", told):
        raise Invalid("request.bad_field", field="cursor", reason=Reason(N_("it is not the cursor of a former answer")))
    return int(told[1:])


def wanted_revision(request: Request) -> int | None:
    """The revision that ``If-Match`` asks for, None without it or for ``*``. Raises Conflict("request.stale")."""
    given = request.headers.get("if-match", "").strip()
    if given in ("", "*"):
        return None
    revisions = [int(told) for told in _ETAG.findall(given)]
    if not revisions:
        raise Conflict("request.stale")
    return max(revisions)


def local(at: datetime | None, zone: ZoneInfo) -> str | None:
    """RFC 3339 in the site's offset."""
    return at.astimezone(zone).isoformat() if at else None
