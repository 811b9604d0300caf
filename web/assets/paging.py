"""How programs go on in the list of assets: behind a row, however far down it stands."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

from registry.assets.orders import CURSOR_PATTERN, cursor_in
from web.kit.answers import CURSOR_PATTERN as PLACE_PATTERN
from web.kit.answers import position


@dataclass(frozen=True, slots=True)
class ListPaging:
    """Which part is asked for: ``limit`` rows behind the row of ``after``, or from a place on."""

    limit: int
    offset: int
    after: str


async def list_paging(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[
        str | None,
        Query(
            max_length=100,
            description="``next`` of the page before",
            json_schema_extra={"pattern": f"{PLACE_PATTERN}|{CURSOR_PATTERN}"},
        ),
    ] = None,
) -> ListPaging:
    if cursor and cursor_in(cursor):
        return ListPaging(limit, 0, cursor)
    return ListPaging(limit, position(cursor), "")


ListPaged = Annotated[ListPaging, Depends(list_paging)]
