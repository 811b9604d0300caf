"""Registering grants."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal

from registry.core import history
from registry.core.errors import Conflict
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.grants.models import Grant


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant as its agreement tells it; amounts in PLN, ``percent`` is the fund's share."""

    code: str
    name: str
    beneficiary: str
    fund: str
    total: Decimal
    granted: Decimal
    percent: Decimal
    fund_en: str = ""
    started_on: date | None = None


async def add_grant(new: NewGrant, actor: Actor, now: datetime) -> Grant:
    """Raises Conflict("grant.exists")."""
    async with transaction():
        if await Grant.exists(code=new.code):
            raise Conflict("grant.exists", grant=new.code)
        grant = await Grant.create(**asdict(new))
        entry = {"code": new.code, "total": str(new.total), "granted": str(new.granted), "percent": str(new.percent)}
        await history.write_new([(f"grant:{grant.id}", entry)], "registered", actor, now)
    return grant
