"""What is asked about grants."""

from collections.abc import Iterable
from typing import Any

from registry.core.errors import NotFound
from registry.core.ids import may_be_name
from registry.grants.models import Grant

CODE_LENGTH = 40  # of the column
FIELDS = ("id", "code", "name", "beneficiary", "fund", "fund_en", "total", "granted", "percent", "started_on")


async def all_grants() -> list[dict[str, Any]]:
    """Every grant as a plain dict, by its code."""
    return list(await Grant.all().order_by("code").values(*FIELDS))


async def grants_in_order(start: int, limit: int) -> tuple[list[Grant], int]:
    """A part of all grants, the first registered first, and how many there are."""
    return await Grant.all().order_by("id").offset(start).limit(limit), await Grant.all().count()


async def grant_by_id(grant_id: int) -> Grant:
    """Raises NotFound("grant.unknown")."""
    grant = await Grant.get_or_none(id=grant_id)
    if grant is None:
        raise NotFound("grant.unknown", grant=grant_id)
    return grant


async def codes_of_grants() -> dict[int, str]:
    """The code of each grant by its id."""
    return {int(str(pk)): str(code) for pk, code in await Grant.all().values_list("id", "code")}


async def grant_ids(codes: Iterable[str]) -> dict[str, int]:
    """The id of each grant, by its code. Raises NotFound("grant.unknown")."""
    names = list(codes)
    if not names:
        return {}
    possible = [code for code in names if may_be_name(code, CODE_LENGTH)]
    ids = dict(await Grant.filter(code__in=possible).values_list("code", "id")) if possible else {}
    unknown = next((code for code in names if code not in ids), None)
    if unknown is not None:
        raise NotFound("grant.unknown", grant=unknown)
    return ids
