"""The demo's papers: the first purchase was accepted by an OT, and two tablets are lent."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.assets.models import Lifecycle
from registry.assets.queries import answers_by_code, of_purchase_of
from registry.assets.transitions import TRANSITIONS, Answers
from registry.core.history import Actor
from registry.faults.asset_transitions import perform, perform_on_many

TABLET = "Tablet 10 cali"
# who borrowed one, and in how many days it is due back
LOANS = (("konsultant1", 2), ("konsultant2", 12))


async def lay_papers(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """Accept the first purchase and lend tablets, with pieces as ``standing_pieces`` gives them."""
    bought = dict.fromkeys(await of_purchase_of(pieces[0]["id"]))
    answers = Answers(reason="odbiór mebli bez uwag", lifecycle=Lifecycle.IN_USE)
    await perform_on_many("accept", bought, answers, actor, now)
    tablets = [piece["id"] for piece in pieces if piece["name"] == TABLET and piece["room"] == "PP-01"]
    for asset_id, (login, days) in zip(tablets, LOANS, strict=False):
        due_on = now.date() + timedelta(days=days)
        loan = await answers_by_code(TRANSITIONS["lend"], "", "", "wyjazdowa infolinia", borrower=login, due_on=due_on)
        await perform("lend", asset_id, loan, actor, now)
