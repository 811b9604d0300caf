"""A piece's grants as the importer reads them back: to the grosz. Pure."""

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from registry.assets.rules import shares

# so fine that the largest price comes back to the grosz, and rounded down: the percents never pass 100
EXACT = Decimal("0.000000000001")


def percents_of(price: Decimal, amounts: Mapping[int, Decimal], usual: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """The percents of a price by grant that split it into these amounts again: a grant's usual one where it does.

    ``usual`` are the percents of the grants' agreements.
    """
    exact = {grant: _exact(price, amount) for grant, amount in amounts.items()}
    plain = {grant: _plainest(price, amount, usual[grant]) or exact[grant] for grant, amount in amounts.items()}
    return plain if _gives(price, plain, amounts) else exact


def funding_cell(percents: Mapping[str, Decimal]) -> str:
    """Several grants in one cell, by code: ``G/1: 50 % | G/2: 30 %``."""
    return " | ".join(f"{code}: {percent_text(percent)}" for code, percent in percents.items())


def percent_text(percent: Decimal) -> str:
    """A percent with its sign and a decimal comma."""
    return f"{percent.normalize():f} %".replace(".", ",")


def _exact(price: Decimal, amount: Decimal) -> Decimal:
    return (amount * 100 / price).quantize(EXACT, ROUND_DOWN).normalize() if price else Decimal(0)


def _plainest(price: Decimal, amount: Decimal, usual: Decimal) -> Decimal | None:
    """The percent with the fewest digits that gives this amount."""
    exact = _exact(price, amount)
    for percent in (usual, *(round(exact, places) for places in range(5))):
        if 0 <= percent <= 100 and shares(price, {0: percent}).get(0, Decimal(0)) == amount:
            return percent.normalize()
    return None


def _gives(price: Decimal, percents: Mapping[int, Decimal], amounts: Mapping[int, Decimal]) -> bool:
    if sum(percents.values()) > 100:
        return False
    parts = shares(price, percents)
    return all(parts.get(grant, Decimal(0)) == amount for grant, amount in amounts.items())
