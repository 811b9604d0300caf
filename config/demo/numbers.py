"""The demo's rules for inventory numbers: the lists that it begins with were numbered so."""

from datetime import date, datetime

from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.history import Actor

TEMPLATE = "{unit}/{account}/{kst}/{seq:5}/{yy}"
FROM = date(2022, 1, 1)
# the accounts that share a sequence, and its first place behind the lists of that year
FIRST_PLACES = {("013", "poz"): 525, ("011",): 9, ("020",): 37}


async def number_pieces(actor: Actor, now: datetime) -> None:
    """Make the rules."""
    for accounts, first in FIRST_PLACES.items():
        await add_scheme(NewScheme("KPUW", TEMPLATE, FROM, accounts, first), actor, now)
