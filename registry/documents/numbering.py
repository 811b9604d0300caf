"""The next number of a series: given in the transaction of the act, without a gap, none twice."""

from registry.core.statements import ask

_NEXT = """INSERT INTO document_series (symbol, unit, year, last_place) VALUES (?, ?, ?, 1)
ON CONFLICT (symbol, unit, year) DO UPDATE SET last_place = document_series.last_place + 1 RETURNING last_place"""


async def next_place(symbol: str, unit: str, year: int) -> int:
    """Inside the caller's transaction. The series stays locked until it ends; rolled back, the place is free again."""
    (row,) = await ask(_NEXT, [symbol, unit, year])
    return int(row["last_place"])
