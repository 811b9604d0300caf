"""What was done, as an entry of the history of everything names it: in the words of the thing's own page where it has
some, else in those that fit all.
"""

from collections.abc import Mapping

from web.assets import words as assets
from web.blocks import words as blocks
from web.bookings import words as bookings
from web.categories import words as categories
from web.documents import words as documents
from web.history.words import ACTION_WORDS
from web.kit.page_context import PageContext
from web.opening import words as opening
from web.people import words as people
from web.places import history as places
from web.plans import words as plans
from web.series import words as series
from web.sets import words as sets
from web.stocktakes import words as stocktakes
from web.works import words as works

# by the kind of thing, what its own page calls what was done to it
OF_KIND: Mapping[str, Mapping[str, str]] = {
    "asset": assets.ACTION_WORDS, "block": blocks.ACTS, "booking": bookings.ACTS, "category": categories.ACTION_WORDS,
    "document": documents.ACTS, "opening": opening.ACTS, "plan": plans.ACTS, "person": people.ACTION_WORDS,
    "room": places.ACTION_WORDS,
    "series": series.ACTS, "set": sets.ACTION_WORDS, "stocktake": stocktakes.ACTS, "works": works.ACTS,
}  # fmt: skip


def act_words(kind: str, action: str, context: PageContext) -> str:
    """What was done to a thing of this kind, beginning with a capital. What no Izba of today does keeps its key."""
    words = context.say(OF_KIND.get(kind, {}).get(action) or ACTION_WORDS.get(action) or action)
    return words[:1].upper() + words[1:]
