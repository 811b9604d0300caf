"""What stocktakes, their states, their differences and their history are called."""

from collections.abc import Sequence

from registry.core.history import HistoryEntry
from registry.stocktakes.models import SettlementTask, Stocktake
from registry.stocktakes.rules import (
    DifferenceKind,
    SeenCondition,
    SettlementAct,
    SheetSide,
    SightingKind,
    StocktakeKind,
    StocktakeState,
    is_partial,
)
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_

ACTS = {
    "ordered": N_("Ordered"),
    "opened": N_("The count was opened"),
    "struck": N_("Entry struck through"),
    "recounted": N_("Area counted anew"),
    "area_closed": N_("Area closed, with its sheet"),
    "closed": N_("The count was closed"),
    "corrected": N_("Sheet put right"),
    "signed": N_("Sheet signed"),
    "values_kept": N_("These values are kept. Go on with the next ones, and save all of them on the last page."),
    "valued": N_("Differences valued"),
    "settled": N_("Drafts made"),
    "carried_out": N_("Draft carried out"),
    "done_otherwise": N_("Draft done otherwise"),
    "valued_in_part": N_("Some of the differences valued"),
}
STATES = {
    StocktakeState.ORDERED: (N_("ordered, not yet begun"), "", "calendar"),
    StocktakeState.COUNTING: (N_("being counted"), "warn", "qrcode"),
    StocktakeState.CLOSED: (N_("closed, awaits its valuation"), "warn", "lock"),
    StocktakeState.VALUED: (N_("valued, to be settled"), "warn", "lock"),
    StocktakeState.SETTLED: (N_("settled"), "good", "check"),
}
KINDS = {
    StocktakeKind.PERIODIC: N_("periodic"),
    StocktakeKind.HANDOVER: N_("at a change of custodian"),
    StocktakeKind.AD_HOC: N_("ad hoc"),
}
DIFFERENCES = {
    DifferenceKind.SHORTAGE: (N_("shortage"), "bad"),
    DifferenceKind.SURPLUS: (N_("surplus"), "bad"),
    DifferenceKind.ELSEWHERE: (N_("in another place"), "warn"),
    DifferenceKind.FOREIGN: (N_("belongs elsewhere"), "warn"),
    DifferenceKind.NOT_OURS: (N_("property of somebody else"), "warn"),
    DifferenceKind.DAMAGED: (N_("damage"), "warn"),
}
SIGHTINGS = {
    SightingKind.HERE: N_("in its place"),
    SightingKind.ELSEWHERE: N_("in another place"),
    SightingKind.FOREIGN: N_("belongs elsewhere"),
    SightingKind.UNKNOWN: N_("unknown code"),
    SightingKind.UNLABELLED: N_("without a label"),
}
CONDITIONS = {
    SeenCondition.OK: N_("good"),
    SeenCondition.DAMAGED: N_("with damage"),
    SeenCondition.NOT_OURS: N_("not ours"),
}
SIDES = {
    SheetSide.TEAM: N_("who counted"),
    SheetSide.CUSTODIAN: N_("who answers for the things"),
    SheetSide.CHECKER: N_("who checks the values"),
}
TASKS = {
    SettlementAct.MOVE: N_("Move it in the register to where it was seen (MT)"),
    SettlementAct.RETIRE: N_("Take it out of the register (LT)"),
    SettlementAct.ACCEPT: N_("Take it into the register (OT)"),
    SettlementAct.LABEL: N_("Put a new label on it"),
    SettlementAct.ASSESS: N_("Let the committee for disposal look at it"),
    SettlementAct.NOTIFY: N_("Tell its owner that it was counted"),
}
# of a line of which a part is missing
PARTS = {
    SettlementAct.MOVE: N_("Split off what was seen there, and move that part in the register (MT)"),
    SettlementAct.RETIRE: N_("Split off what is missing, and take that part out of the register (LT)"),
}
DONE = {
    "ordered": N_("The stocktake is ordered and open. The committee can count."),
    "kept": N_("The stocktake is ordered. Open it when the counting begins."),
    "opened": N_("The count is open."),
    "recounted": N_("The area is counted anew. What was seen before counts no more."),
    "area_closed": N_("The area is closed, and its sheet has its number."),
    "closed": N_("All areas are closed. The accountant values the differences next."),
    "corrected": N_("The line is put right. The sheet itself stays as it was."),
    "values_kept": N_("These values are kept. Go on with the next ones, and save all of them on the last page."),
    "valued": N_("The differences are valued. Make the drafts next."),
    "settled": N_("The drafts are made. Carry them out one by one."),
    "carried_out": N_("Done, and written down."),
    "struck": N_("The entry is struck through. It stays to be read."),
    "signed": N_("You signed the sheet."),
}


def state_look(row: Stocktake, context: PageContext) -> tuple[str, str, str]:
    """A badge: word, tone, symbol."""
    word, tone, symbol = STATES[row.state]
    return context.say(word), tone, symbol


def task_word(task: SettlementTask, context: PageContext) -> str:
    """What is to be done."""
    row = task.count_difference
    words = PARTS if is_partial(row.expected, row.counted) else TASKS
    return context.say(words.get(task.act, TASKS[task.act]))


def stocktake_history(entries: Sequence[HistoryEntry], context: PageContext) -> list[dict[str, str]]:
    """What happened to a stocktake, the newest first, in words."""
    return history_rows(entries, context, ACTS, _detail)


def _detail(entry: HistoryEntry) -> str:
    after = entry.after or {}
    parts = [str(after.get(name) or "") for name in ("area", "sheet", "name", "code", "document")]
    return ", ".join(part for part in parts if part)
