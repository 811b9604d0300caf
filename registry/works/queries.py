"""What is asked about building works: the list, one with its rooms, blocks and pieces, and those of a room."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from registry.assets.queries import assets_by_id
from registry.blocks.queries import blocks_for, blocks_hidden_from
from registry.bookings.models import Block
from registry.bookings.projections import Viewer
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry, entries_of
from registry.core.ids import may_be_id
from registry.core.statements import column
from registry.rooms.models import Room
from registry.works.models import Works, WorksAsset, WorksBlock, WorksRoom
from registry.works.rules import WorksState, state_on

HISTORY_LIMIT = 50


@dataclass(frozen=True, slots=True)
class WorksLine:
    """Works as a list shows them: with the codes of their rooms, how many pieces they made, and the grant's code."""

    id: int
    name: str
    description: str
    starts_on: date
    ends_on: date
    finished_on: date | None
    cancelled_at: datetime | None
    revision: int
    rooms: tuple[str, ...]
    grant: str
    grant_id: int | None

    def state_on(self, today: date) -> WorksState:
        """What they are on a day."""
        return state_on(self.starts_on, self.ends_on, self.finished_on, self.cancelled_at, today)


@dataclass(frozen=True, slots=True)
class WorksDetail:
    """One works with all that hangs together with it. Pieces are as a search gives them."""

    line: WorksLine
    rooms: Sequence[Room]
    blocks: Sequence[Block]
    assets: Sequence[dict[str, Any]]

    @property
    def durable_until(self) -> date | None:
        """How long the grant binds the last of its pieces."""
        return max((row["durable_until"] for row in self.assets if row["durable_until"]), default=None)


async def works_in_order(start: int, limit: int, *, over: bool | None = None) -> tuple[list[WorksLine], int]:
    """Works, the last to begin first, and how many there are; ``over`` those that are finished or cancelled alone, or
    the others alone.
    """
    query = Works.all()
    if over is not None:
        going_on = Q(finished_on__isnull=True, cancelled_at__isnull=True)
        query = Works.filter(~going_on if over else going_on)
    rows = await query.order_by("-starts_on", "-id").offset(start).limit(limit).select_related("grant")
    return await _lines(rows), await query.count()


async def _lines(rows: Sequence[Works]) -> list[WorksLine]:
    rooms = await _rooms_of([row.id for row in rows])
    return [
        WorksLine(
            row.id, row.name, row.description, row.starts_on, row.ends_on, row.finished_on, row.cancelled_at,
            row.revision, tuple(rooms.get(row.id, ())), row.grant.code if row.grant else "", row.grant_id,
        )
        for row in rows
    ]  # fmt: skip


async def _rooms_of(works_ids: Collection[int]) -> dict[int, list[str]]:
    codes: dict[int, list[str]] = {}
    if works_ids:
        rows = WorksRoom.filter(works_id__in=list(works_ids)).order_by("room__code")
        for works_id, code in await rows.values_list("works_id", "room__code"):
            codes.setdefault(works_id, []).append(code)
    return codes


async def works_by_id(works_id: int) -> WorksLine:
    """Raises NotFound("works.unknown")."""
    row = await Works.get_or_none(id=works_id).select_related("grant") if may_be_id(works_id) else None
    if row is None:
        raise NotFound("works.unknown")
    return (await _lines([row]))[0]


async def works_detail(works_id: int, viewer: Viewer) -> WorksDetail:
    """With the blocks that the viewer may know of. Raises NotFound("works.unknown")."""
    line = await works_by_id(works_id)
    blocks = await column(WorksBlock.filter(works_id=works_id), "block_id")
    of_viewer = blocks_for(viewer).filter(id__in=blocks)
    assets = await column(WorksAsset.filter(works_id=works_id).order_by("asset__name", "asset_id"), "asset_id")
    return WorksDetail(
        line=line,
        rooms=await Room.filter(code__in=list(line.rooms)).order_by("code") if line.rooms else [],
        blocks=await of_viewer.order_by("starts_at").select_related("created_by") if blocks else [],
        assets=await assets_by_id(assets),
    )


async def works_of_room(room_id: int) -> list[WorksLine]:
    """The works that a room has, had or will have, the last to begin first."""
    ids = await column(WorksRoom.filter(room_id=room_id), "works_id")
    rows = Works.filter(id__in=ids, cancelled_at__isnull=True).order_by("-starts_on", "-id").limit(10)
    return await _lines(await rows.select_related("grant")) if ids else []


async def works_of_block(block_id: Any) -> WorksLine | None:
    """The works that a block was made for."""
    row = await WorksBlock.get_or_none(block_id=block_id)
    return await works_by_id(row.works_id) if row else None


async def history_of(works_id: int, viewer: Viewer) -> list[HistoryEntry]:
    """What happened to works, the newest first, without the blocks that the viewer may not know of."""
    entries = await entries_of(f"works:{works_id}", HISTORY_LIMIT)
    blocks = {entry.id: UUID(block) for entry in entries if (block := (entry.after or {}).get("block"))}
    hidden = await blocks_hidden_from(viewer, set(blocks.values()))
    return [entry for entry in entries if blocks.get(entry.id) not in hidden]
