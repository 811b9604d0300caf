"""How inventory numbers are made of a template: its parts, what may stand in it, and the number of a place in a
sequence. Pure.

``{unit}/{account}/{kst}/{seq:5}/{yy}`` gives KPUW/013/487/00596/26.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from registry.assets.rules import ACCOUNTS
from registry.core.errors import Conflict, Invalid, Refusal

LONGEST = 60  # of an inventory number
UNIT_LENGTH, TEMPLATE_LENGTH = 20, 80
WIDEST = 9
PARTS = ("unit", "account", "kst", "seq", "yy", "yyyy")
_FIELD = re.compile(r"\{([^{}]*)\}")
_PLACE = re.compile(r"\{seq(?::[1-9])?\}")
_SEQUENCE = re.compile(r"seq(?::([1-9]))?")
LAST_SEQUENCE = 10**WIDEST - 1


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a number says of its piece. ``day`` is the one it was accepted on."""

    unit: str
    account: str
    kst: str
    day: date


@dataclass(frozen=True, slots=True)
class NumberScheme:
    """From a day on the pieces of a unit get their numbers by this template. ``accounts`` are those it is for, all
    others where none is named; ``first`` is the first place of its sequence in the year of that day.
    """

    id: int
    unit: str
    accounts: tuple[str, ...]
    template: str
    starts_on: date
    first: int = 1

    @property
    def restarts(self) -> bool:
        """Whether its sequence begins anew each year: the year then tells two numbers apart."""
        return any(part in self.template for part in ("{yy}", "{yyyy}"))

    def year_of(self, day: date) -> int:
        """The year whose sequence a day belongs to, 0 for one that never begins anew."""
        return day.year if self.restarts else 0

    def start_of(self, year: int) -> int:
        """The first place of a year's sequence."""
        return self.first if year in (0, self.starts_on.year) else 1


def scheme_for(schemes: Iterable[NumberScheme], unit: str, account: str, day: date) -> NumberScheme | None:
    """The scheme by which a unit numbers on a day: the newest one, and of two that began together the one that names
    the account.
    """
    matches = [
        scheme
        for scheme in schemes
        if scheme.unit == unit and scheme.starts_on <= day and (not scheme.accounts or account in scheme.accounts)
    ]
    return max(matches, key=lambda scheme: (scheme.starts_on, bool(scheme.accounts), scheme.id), default=None)


def rule_for(schemes: Iterable[NumberScheme], facts: NumberFacts) -> NumberScheme:
    """The rule that a piece is numbered by. Raises Conflict("numbering.no_scheme"), Invalid("numbering.no_kst")."""
    scheme = scheme_for(schemes, facts.unit, facts.account, facts.day)
    if scheme is None:
        raise Conflict("numbering.no_scheme", unit=facts.unit, day=facts.day.isoformat())
    for refusal in number_lacks(scheme.template, facts):
        raise refusal
    return scheme


def number_of(template: str, facts: NumberFacts, place: int) -> str:
    """The number at a place of the sequence."""

    def text(match: re.Match[str]) -> str:
        sequence = _SEQUENCE.fullmatch(match[1])
        return f"{place:0{sequence[1] or 1}}" if sequence else _text_of(match[1], facts)

    return _FIELD.sub(text, template)


def place_of(template: str, facts: NumberFacts, number: str) -> int | None:
    """The place in the sequence that a number was made at, None where it was made otherwise."""
    before, after = (number_of(part, facts, 0) for part in _PLACE.split(template, 1))
    digits = number[len(before) : len(number) - len(after)]
    if not (digits.isascii() and digits.isdecimal()):
        return None
    return int(digits) if number_of(template, facts, int(digits)) == number else None


def _text_of(part: str, facts: NumberFacts) -> str:
    texts: Mapping[str, str] = {
        "unit": facts.unit,
        "account": facts.account,
        "kst": facts.kst,
        "yy": f"{facts.day:%y}",
        "yyyy": f"{facts.day.year:04}",
    }
    return texts[part]


def number_lacks(template: str, facts: NumberFacts) -> list[Refusal]:
    """What a piece must say before it can be numbered so."""
    return [Invalid("numbering.no_kst", field="kst")] if "{kst}" in template and not facts.kst else []


def template_faults(unit: str, accounts: Sequence[str], template: str, first: int) -> list[Refusal]:
    """Every reason why numbers cannot be made so."""
    faults: list[Refusal] = []
    if not unit or len(unit) > UNIT_LENGTH or not unit.isprintable() or "{" in unit or "}" in unit:
        faults.append(Invalid("numbering.bad_unit", field="unit", unit=unit[:UNIT_LENGTH]))
    if any(account not in ACCOUNTS for account in accounts):
        faults.append(Invalid("numbering.bad_account", field="accounts", accounts=", ".join(ACCOUNTS)))
    if fault := _text_fault(template):
        faults.append(fault)
    elif not faults and len(number_of(template, NumberFacts(unit, "013", "WNIP", date.max), LAST_SEQUENCE)) > LONGEST:
        faults.append(Invalid("numbering.too_long", field="template", limit=LONGEST))
    if not 1 <= first <= LAST_SEQUENCE:
        faults.append(Invalid("numbering.bad_first", field="first", limit=LAST_SEQUENCE))
    return faults


def _text_fault(template: str) -> Refusal | None:
    if not template.isprintable() or len(template) > TEMPLATE_LENGTH or template != " ".join(template.split()):
        return Invalid("numbering.bad_template", field="template")
    names = _FIELD.findall(template)
    rest = _FIELD.sub("", template)
    strange = next((name for name in names if name not in PARTS and not _SEQUENCE.fullmatch(name)), None)
    if strange is not None or "{" in rest or "}" in rest:
        return Invalid("numbering.unknown_part", field="template", part=(strange or "")[:20])
    if sum(bool(_SEQUENCE.fullmatch(name)) for name in names) != 1:
        return Invalid("numbering.no_sequence", field="template")
    return None
