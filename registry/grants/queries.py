"""What is asked about grants."""

from typing import Any

from registry.core.errors import NotFound
from registry.grants.models import Grant

FIELDS = ("id", "code", "name", "beneficiary", "fund", "fund_en", "total", "granted", "percent", "started_on")


async def all_grants() -> list[dict[str, Any]]:
    """Every grant as a plain dict, by its code."""
    return list(await Grant.all().order_by("code").values(*FIELDS))


async def grant_by_id(grant_id: int) -> Grant:
    """Raises NotFound("grant.unknown")."""
    grant = await Grant.get_or_none(id=grant_id)
    if grant is None:
        raise NotFound("grant.unknown", grant=grant_id)
    return grant
