"""What the pages show of a bulk change: its pieces with what they are and are to be, and why some are refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.bulk_changes.models import BulkPiece, PieceFate
from registry.bulk_changes.queries import PieceOutcome
from registry.bulk_changes.rules import unpacked
from web.history.words import HistoryChange, HistoryNames, changes_of, names_in
from web.kit.page_context import PageContext


@dataclass(frozen=True, slots=True)
class OutcomeLine:
    """One piece in words; ``why`` is of a refused one. Of a piece that is gone there is no asset."""

    piece: BulkPiece
    asset: dict[str, Any] | None
    changes: tuple[HistoryChange, ...]
    why: str

    @property
    def fate(self) -> PieceFate:
        return self.piece.fate


async def lines_of(outcomes: Sequence[PieceOutcome], context: PageContext) -> list[OutcomeLine]:
    """Two statements for any number of pieces."""
    names = await names_in([side for one in outcomes for side in (one.piece.before, one.piece.after)])
    return [_line(one, names, context) for one in outcomes]


def _line(one: PieceOutcome, names: HistoryNames, context: PageContext) -> OutcomeLine:
    piece = one.piece
    why = context.words.refusal(unpacked(piece.refusal)) if piece.refusal else ""
    changes = changes_of({"before": piece.before, "after": piece.after}, names, context) if piece.before else ()
    return OutcomeLine(piece, one.asset, changes, why)
