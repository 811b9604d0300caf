"""What somebody typed about a piece, field by field: its value, or what is wrong with it in words for the field."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from registry.core.errors import Invalid
from registry.importing.cells import Unreadable, amount, day, kst
from web.assets.shapes import DEAREST
from web.kit.page_context import PageContext
from web.kit.words import N_

T = TypeVar("T")
LENGTHS = {"name": 300, "inventory_no": 60, "category": 80, "serial_no": 80, "note": 4000, "reason": 300}
MOST_PIECES = 200
NEEDED = N_("Fill this in.")
TOO_LONG = N_("This is longer than %(limit)s characters. Shorten it.")
UNREADABLE = N_("This holds characters that cannot be shown. Type it again without them.")
NO_COUNT = N_("Write a whole number from 1 to %(limit)s.")
BAD_PERCENT = N_("Write a percent from 0 to 100.")
NO_REASON = N_("Say why: the reason stands in the history.")


class TypedFields:
    """The texts of a form by name. ``faults`` fills as fields are read: a sentence for each that cannot stand."""

    def __init__(self, form: Mapping[str, str], context: PageContext) -> None:
        self.form, self.context, self.faults = form, context, dict[str, str]()

    def raw(self, name: str) -> str:
        return self.form.get(name, "").strip()

    def lines(self, name: str) -> list[str]:
        """The lines of a list in their places: an empty one before another counts, those at the end do not."""
        return [line.strip() for line in self.form.get(name, "").rstrip().splitlines()]

    def fault(self, name: str, text: str, /, **params: Any) -> None:
        self.faults.setdefault(name, self.context.say(text) % params)

    def text(self, name: str, *, is_needed: bool = False) -> str:
        text, limit = self.raw(name), LENGTHS[name]
        if is_needed and not text:
            self.fault(name, NEEDED)
        if len(text) > limit:
            self.fault(name, TOO_LONG, limit=limit)
        if not " ".join(text.split()).isprintable():
            self.fault(name, UNREADABLE)
        return text

    def price(self, name: str) -> Decimal:
        if not self.raw(name):
            self.fault(name, NEEDED)
            return Decimal(0)
        value = self._read(name, amount)
        if value is None or 0 <= value < DEAREST:
            return value or Decimal(0)
        self.faults[name] = self.context.words.refusal(Invalid("asset.bad_price", given=self.raw(name)[:40]))
        return Decimal(0)

    def day(self, name: str) -> date | None:
        return self._read(name, day) if self.raw(name) else None

    def needed_day(self, name: str) -> date:
        if not self.raw(name):
            self.fault(name, NEEDED)
        return self.day(name) or date.min

    def kst(self, name: str) -> str:
        symbol = self._read(name, kst) if self.raw(name) else None
        return symbol.symbol if symbol else ""

    def count(self, name: str, most: int) -> int:
        text = self.raw(name)
        if text.isascii() and text.isdecimal() and len(text) < 7 and 1 <= int(text) <= most:
            return int(text)
        self.fault(name, NO_COUNT, limit=most)
        return 1

    def percent(self, name: str) -> Decimal:
        value = self._read(name, lambda text: amount(text.rstrip("% "))) if self.raw(name) else Decimal(0)
        if value is not None and not 0 <= value <= 100:
            self.fault(name, BAD_PERCENT)
        return value or Decimal(0)

    def reason(self) -> str:
        text = self.text("reason")
        if not text:
            self.fault("reason", NO_REASON)
        return text

    def _read(self, name: str, reader: Callable[[str], T]) -> T | None:
        try:
            return reader(self.raw(name))
        except Unreadable as fault:
            self.faults.setdefault(name, self.context.say(str(fault)))
            return None
