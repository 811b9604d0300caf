"""Bulk changes that break off in the middle, and what became of their pieces."""

from collections.abc import Sequence
from typing import Any

import pytest

from registry.assets.models import Asset
from registry.bulk_changes import actions, writing
from registry.bulk_changes.models import BulkChange
from registry.bulk_changes.queries import bulk_change, counts_of
from registry.bulk_changes.writing import carry_out
from registry.core.history import Actor
from tests.make import NOW

CLERK = Actor("ewidencja", "web")


class PowerCut(Exception):  # it is not an error of ours
    pass


@pytest.fixture
def lots_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LOT", 2)
    monkeypatch.setattr(actions, "LOT", 2)


async def fates(row: BulkChange) -> dict[str, int]:
    """How many pieces have each fate."""
    return {str(fate): many for fate, many in (await counts_of(row.id)).items() if many}


async def broken_off(row: BulkChange, act: str, monkeypatch: pytest.MonkeyPatch) -> BulkChange:
    """The bulk change after a power cut at the end of its second lot, which ``act`` writes: one of the actions that
    ``writing`` calls.
    """
    together, lots = getattr(writing, act), iter(range(1))

    async def failing(*arguments: Any) -> Sequence[Asset]:
        async def also(assets: Sequence[Asset]) -> None:
            await arguments[-1](assets)
            if next(lots, None) is None:
                raise PowerCut

        changed: Sequence[Asset] = await together(*arguments[:-1], also)
        return changed

    with monkeypatch.context() as patch:
        patch.setattr(writing, act, failing)
        with pytest.raises(PowerCut):
            await carry_out(row.id, row.owner_id, CLERK, NOW)
    return await bulk_change(row.id, row.owner_id, NOW)
