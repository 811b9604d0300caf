"""One column of a query. The library types a flat list of values as rows."""

from typing import Any

from tortoise.queryset import QuerySet


async def column(found: QuerySet[Any], name: str) -> list[Any]:
    """The values of one column."""
    values: Any = await found.values_list(name, flat=True)
    return list(values)


async def first_value(found: QuerySet[Any], name: str) -> Any | None:
    """The value of one column in the first row, None when there is no row or no value."""
    values = await column(found.limit(1), name)
    return values[0] if values else None
