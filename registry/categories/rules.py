"""The tree of categories: what is inherited down it, what may be moved where, and how a field's value is read. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from dateutil.relativedelta import relativedelta

from registry.categories.models import FieldKind
from registry.core.errors import Invalid, Refusal
from registry.core.folding import fold, latin_code

DEEPEST = 6
MOST_FIELDS = 30
MOST_CHOICES = 60
LONGEST_VALUE = 200
LONGEST_MONTHS = 600
# the titles of a list of assets that leaves, folded: a field of such a name would have no column
TITLES_OF_ALL = frozenset({
    "numer inwentarzowy", "poz. zakupu", "nazwa", "kategoria", "kst", "konto", "ilosc", "wartosc brutto",
    "numer seryjny", "pomieszczenie", "osoba odpowiedzialna", "data przyjecia", "gwarancja do", "trwalosc do",
    "zrodlo finansowania", "udzial ue %", "status", "stan", "uwagi", "kod etykiety", "dawne numery",
})  # fmt: skip
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CODE_LENGTH = 40
_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field of a category. ``choices`` are the words of a choice in their order."""

    id: int
    category_id: int
    code: str
    name: str
    kind: FieldKind
    unit: str = ""
    choices: tuple[str, ...] = ()
    is_required: bool = False
    is_counted: bool = False
    is_due: bool = False

    @property
    def title(self) -> str:
        """The name with the unit, as it stands over a field of a form."""
        return f"{self.name}, {self.unit}" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class TypedValue:
    """What a field of a piece holds. ``text`` is the value as it is stored and searched: a day as 2027-03-01, a number
    with a point; ``number`` and ``day`` are it for comparison.
    """

    field: OwnField
    text: str
    number: float | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class CategoryDefaults:
    """What a new piece gets where nobody said it; empty for nothing."""

    kst: str = ""
    warranty_months: int | None = None
    durable_months: int | None = None
    label_format: str = ""

    def over(self, other: "CategoryDefaults") -> "CategoryDefaults":
        """These, and where they are empty the others."""
        merged = {one.name: getattr(self, one.name) or getattr(other, one.name) for one in fields(self)}
        return CategoryDefaults(**merged)


NO_DEFAULTS = CategoryDefaults()


@dataclass(frozen=True, slots=True)
class CategoryNode:
    """A category by itself: its own defaults and fields, not those that it inherits."""

    id: int
    code: str
    name: str
    parent_id: int | None = None
    defaults: CategoryDefaults = NO_DEFAULTS
    fields: tuple[OwnField, ...] = ()
    revision: int = 1


@dataclass(frozen=True, slots=True)
class CategoryTree:
    """All categories. What it says of a name that is no category's is what holds for none."""

    nodes: Mapping[int, CategoryNode] = field(default_factory=dict)
    _by_name: Mapping[str, CategoryNode] = field(default_factory=dict)

    def named(self, name: str) -> CategoryNode | None:
        return self._by_name.get(fold(name)) if name else None

    def canonical(self, name: str) -> str:
        """A category's name as the tree writes it; what is no category's as it is."""
        node = self.named(name)
        return node.name if node else name

    def coded(self, code: str) -> CategoryNode | None:
        return next((node for node in self.nodes.values() if node.code == code), None)

    def path(self, node: CategoryNode | None) -> list[CategoryNode]:
        """A category with those above it, the highest first."""
        path: list[CategoryNode] = []
        while node is not None and node not in path:
            path.append(node)
            node = self.nodes.get(node.parent_id or 0)
        return path[::-1]

    def children(self, parent_id: int | None) -> list[CategoryNode]:
        """Those right below a category, by name; the highest of all for None."""
        rows = [node for node in self.nodes.values() if node.parent_id == parent_id]
        return sorted(rows, key=lambda node: fold(node.name))

    def below(self, node: CategoryNode) -> list[CategoryNode]:
        """A category with all below it, each once."""
        return [one for _, one in self._descent(node, set())]

    def in_order(self) -> Iterator[tuple[int, CategoryNode]]:
        """Every category behind the one above it, with how deep it stands, 0 for the highest. What stands in a circle
        hangs on none of the highest, and comes last.
        """
        placed: set[int] = set()
        for head in (*self.children(None), *self.nodes.values()):
            yield from self._descent(head, placed)

    def _descent(self, head: CategoryNode, placed: set[int]) -> Iterator[tuple[int, CategoryNode]]:
        """A category and all below it that are not ``placed`` yet, with how deep below it they stand."""
        waiting = [(0, head)]
        while waiting:
            depth, node = waiting.pop()
            if node.id not in placed:
                placed.add(node.id)
                yield depth, node
                waiting += [(depth + 1, child) for child in reversed(self.children(node.id))]

    def fields_of(self, name: str) -> list[OwnField]:
        """The fields of a piece of this category, those of the highest category first."""
        return [one for node in self.path(self.named(name)) for one in node.fields]

    def fields_of_all(self) -> list[OwnField]:
        """Every field, in the order of the tree."""
        return [one for _, node in self.in_order() for one in node.fields]

    def defaults_of(self, name: str) -> CategoryDefaults:
        """What a new piece of this category gets: of each the nearest."""
        defaults = NO_DEFAULTS
        for node in self.path(self.named(name)):
            defaults = node.defaults.over(defaults)
        return defaults

    def height(self, node: CategoryNode) -> int:
        """How many levels a category has, itself among them."""
        return 1 + max(depth for depth, _ in self._descent(node, set()))


def tree_of(nodes: Iterable[CategoryNode]) -> CategoryTree:
    by_id = {node.id: node for node in nodes}
    return CategoryTree(by_id, {fold(node.name): node for node in by_id.values()})


def code_of(name: str, others: Iterable[str] = ()) -> str:
    """A code made of a name, with a number behind it where another has it."""
    plain = latin_code(name, CODE_LENGTH - 4) or "x"
    codes, number = set(others), 2
    code = plain
    while code in codes:
        code, number = f"{plain}-{number}", number + 1
    return code


def move_faults(tree: CategoryTree, node: CategoryNode | None, parent: CategoryNode | None) -> list[Refusal]:
    """Why a category, None for a new one, cannot stand below another."""
    if parent is None:
        return []
    faults: list[Refusal] = []
    if node is not None and parent in tree.below(node):
        faults.append(Invalid("category.below_itself", category=node.name, field="parent"))
    elif len(tree.path(parent)) + (tree.height(node) if node else 1) > DEEPEST:
        faults.append(Invalid("category.too_deep", limit=DEEPEST, field="parent"))
    return faults


def read_value(own: OwnField, raw: Any) -> TypedValue | None:
    """What somebody typed or sent for a field; None for nothing. Raises Invalid: field.bad_number, field.bad_day,
    field.bad_choice, field.too_long.
    """
    text = " ".join(str(raw if raw is not None else "").split())
    if not text:
        return None
    if len(text) > LONGEST_VALUE or not text.isprintable():
        raise Invalid("field.too_long", name=own.name, limit=LONGEST_VALUE, field=own.code)
    if own.kind is FieldKind.NUMBER:
        return _number(own, text)
    if own.kind is FieldKind.DAY:
        return _day(own, text)
    if own.kind is FieldKind.CHOICE:
        word = next((word for word in own.choices if fold(word) == fold(text)), None)
        if word is None:
            raise Invalid("field.bad_choice", name=own.name, choices=", ".join(own.choices), field=own.code)
        return TypedValue(own, word)
    return TypedValue(own, text)


def _number(own: OwnField, text: str) -> TypedValue:
    plain = text.removesuffix(own.unit).replace(" ", "").replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= 10**12 or not re.fullmatch(r"[+-]?\d+(\.\d{1,6})?", plain):
        raise Invalid("field.bad_number", name=own.name, given=text[:40], field=own.code)
    canonical = f"{number:f}"
    canonical = canonical.rstrip("0").rstrip(".") if "." in canonical else canonical
    return TypedValue(own, canonical, float(number))


def _day(own: OwnField, text: str) -> TypedValue:
    if match := _DAY.fullmatch(text):
        text = f"{match[3]}-{match[2]:0>2}-{match[1]:0>2}"
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1990 <= day.year <= 2199:
        raise Invalid("field.bad_day", name=own.name, given=text[:40], field=own.code)
    return TypedValue(own, day.isoformat(), None, day)


@dataclass(frozen=True, slots=True)
class ReadValues:
    """The values of a piece as they were sent: those that could be read, the fields that are to be empty, and what is
    wrong with the others by the code of their field.
    """

    values: tuple[TypedValue, ...] = ()
    empty: tuple[OwnField, ...] = ()
    faults: Mapping[str, Refusal] = field(default_factory=dict)

    def whole(self) -> "ReadValues":
        """Itself; raises the first fault."""
        for refusal in self.faults.values():
            raise refusal
        return self


def read_values(own_fields: Sequence[OwnField], raw: Mapping[str, Any], *, is_new: bool) -> ReadValues:
    """What was sent for these fields, by code. Of a new piece a required field must be there; of one that is there a
    required field cannot be emptied. A code that is none of theirs is a fault.
    """
    by_code = {one.code: one for one in own_fields}
    values: list[TypedValue] = []
    empty: list[OwnField] = []
    faults: dict[str, Refusal] = {
        code: Invalid("field.unknown", name=code[:CODE_LENGTH], field=code[:CODE_LENGTH])
        for code in raw
        if code not in by_code
    }
    for code, own in by_code.items():
        if code not in raw and not is_new:
            continue
        try:
            value = read_value(own, raw.get(code))
        except Invalid as fault:
            faults[code] = fault
            continue
        if value is not None:
            values.append(value)
        elif own.is_required:
            faults[code] = Invalid("field.needed", name=own.name, field=code)
        else:
            empty.append(own)
    return ReadValues(tuple(values), tuple(empty), faults)


def end_after(day: date | None, months: int | None) -> date | None:
    """So many months behind a day; None where either is not known."""
    return day + relativedelta(months=months) if day and months else None


def choices_of(text: str) -> tuple[str, ...]:
    """The words of a choice, one a line, each once."""
    words = [" ".join(line.split()) for line in text.splitlines()]
    return tuple(dict.fromkeys(word for word in words if word))
