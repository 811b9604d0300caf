"""The demo's papers: the first purchase was accepted by an OT."""

from datetime import datetime

from registry.assets.models import Lifecycle
from registry.assets.queries import of_purchase_of
from registry.assets.transitions import Answers
from registry.core.history import Actor
from registry.faults.asset_transitions import perform_on_many


async def lay_papers(first_id: int, actor: Actor, now: datetime) -> None:
    """Accept the purchase that this piece came with."""
    pieces = dict.fromkeys(await of_purchase_of(first_id))
    answers = Answers(reason="odbiór mebli bez uwag", lifecycle=Lifecycle.IN_USE)
    await perform_on_many("accept", pieces, answers, actor, now)
