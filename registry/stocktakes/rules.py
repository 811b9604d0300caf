"""What a stocktake is: who may count, what was seen where, what differs from the register, and what follows. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal
from registry.core.folding import fold
from registry.people.models import Role
from registry.people.rules import may

LONGEST_TEXT, LONGEST_NOTE = 200, 300
MOST_AREAS, MOST_MEMBERS, MOST_PIECES, MOST_EXPECTED = 200, 20, 100_000, 50_000
MOST_LIKE = 40  # surpluses that a page offers for one shortage
SMALLEST_COMMITTEE = 2
# a day further away than this is a slip of the keyboard; how near it must be, the law says and the office knows
FARTHEST_DAYS = 366


class StocktakeState(StrEnum):
    ORDERED = "ordered"
    COUNTING = "counting"
    CLOSED = "closed"
    VALUED = "valued"
    SETTLED = "settled"


class StocktakeKind(StrEnum):
    PERIODIC = "periodic"
    HANDOVER = "handover"
    AD_HOC = "ad_hoc"


class AreaKind(StrEnum):
    """What bounds an area: the walls of a room, the person who answers, the category."""

    ROOM = "room"
    PERSON = "person"
    CATEGORY = "category"


class SeenCondition(StrEnum):
    OK = "ok"
    DAMAGED = "damaged"
    NOT_OURS = "not_ours"  # property of somebody else, who is told that it was counted


class SightingKind(StrEnum):
    """What somebody saw, measured by what was expected."""

    HERE = "here"
    ELSEWHERE = "elsewhere"  # in another place of the areas that are counted
    FOREIGN = "foreign"  # in the register, and of no area that is counted
    UNKNOWN = "unknown"  # a code that is on nothing
    UNLABELLED = "unlabelled"


class DifferenceKind(StrEnum):
    SHORTAGE = "shortage"
    SURPLUS = "surplus"
    ELSEWHERE = "elsewhere"
    FOREIGN = "foreign"
    NOT_OURS = "not_ours"
    DAMAGED = "damaged"


class SettlementAct(StrEnum):
    """What a difference leads to. The first two are transitions of the register, the others are for people to do."""

    MOVE = "move"
    RETIRE = "retire"
    ACCEPT = "accept"
    LABEL = "label"
    ASSESS = "assess"
    NOTIFY = "notify"


class SheetSide(StrEnum):
    """Whose signature a count sheet wants."""

    TEAM = "team"
    CUSTODIAN = "custodian"
    CHECKER = "checker"


QUANTITIES = frozenset({DifferenceKind.SHORTAGE, DifferenceKind.SURPLUS})


@dataclass(frozen=True, slots=True)
class CommitteeCandidate:
    """Somebody who is to count: their role, and for how many of the things in the areas they answer."""

    person_id: int
    name: str
    role: Role
    is_active: bool
    pieces: int = 0


@dataclass(frozen=True, slots=True)
class Expectation:
    """A thing as the register had it when the count was opened. ``price`` is PLN gross of the whole line."""

    asset_id: int
    area_id: int
    inventory_no: str
    name: str
    serial_no: str
    quantity: int
    price: Decimal
    room_id: int | None = None
    room: str = ""
    custodian: str = ""


@dataclass(frozen=True, slots=True)
class SeenThing:
    """One sighting: a thing of the register, a code that is on nothing, or a thing without a label by its mark."""

    id: int
    area_id: int
    at: datetime
    quantity: int = 1
    asset_id: int | None = None
    code: str = ""
    mark: str = ""
    inventory_no: str = ""
    name: str = ""
    serial_no: str = ""
    room_id: int | None = None
    room: str = ""
    home: str = ""
    condition: SeenCondition = SeenCondition.OK
    note: str = ""
    person_id: int = 0

    @property
    def thing(self) -> str:
        """Sightings of the same thing have the same: asset:12, code:X7, mark:N-1."""
        if self.asset_id is not None:
            return f"asset:{self.asset_id}"
        return f"mark:{self.mark}" if self.mark else f"code:{fold(self.code)[:LONGEST_TEXT]}"


@dataclass(frozen=True, slots=True)
class CountLine:
    """One thing, by the books and by the count. ``unit_price``, ``value`` and the ``book_value`` of all that is
    expected are PLN, None of what no book knows.
    """

    thing: str
    asset_id: int | None
    inventory_no: str
    name: str
    serial_no: str
    expected: int
    counted: int
    unit_price: Decimal | None
    room: str
    room_counted: str
    room_counted_id: int | None
    kinds: tuple[DifferenceKind, ...]
    note: str = ""
    book_value: Decimal | None = None

    @property
    def difference(self) -> int:
        """Counted minus expected."""
        return self.counted - self.expected

    @property
    def value(self) -> Decimal | None:
        """PLN of what was counted; of all that the books have, what they say of the whole."""
        if self.book_value is not None and self.counted == self.expected:
            return self.book_value
        return None if self.unit_price is None else self.unit_price * self.counted


@dataclass(frozen=True, slots=True)
class FoundDifference:
    """One way in which a thing differs. ``key`` is stable: shortage:asset:12. ``value`` proposes what it is worth."""

    kind: DifferenceKind
    line: CountLine

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.line.thing}"

    @property
    def quantity(self) -> int:
        """How many pieces are too few or too many; of the others, how many were seen."""
        return abs(self.line.difference) if self.kind in QUANTITIES else self.line.counted

    @property
    def value(self) -> Decimal:
        if self.kind not in QUANTITIES or self.line.unit_price is None:
            return Decimal("0.00")
        if self.kind is DifferenceKind.SHORTAGE and self.line.book_value is not None:
            # with what was counted it comes to what the books say
            return max(self.line.book_value - self.line.unit_price * self.line.counted, Decimal("0.00"))
        return self.line.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class Valuation:
    """What an accountant says of a difference. ``netted_with`` is the key of the surplus that makes a shortage up."""

    key: str
    value: Decimal
    explanation: str
    netted_with: str = ""


def committee_faults(members: Sequence[CommitteeCandidate], chair_id: int | None) -> Iterator[Refusal]:
    """Every reason against a committee: too few, no chair, one who answers for what is counted, who may not count."""
    if len(members) < SMALLEST_COMMITTEE:
        yield Invalid("stocktake.few_members", minimum=SMALLEST_COMMITTEE, field="committee")
    if len(members) > MOST_MEMBERS:
        yield Invalid("stocktake.many_members", limit=MOST_MEMBERS, field="committee")
    if chair_id not in {one.person_id for one in members}:
        yield Invalid("stocktake.no_chair", field="chair")
    for one in members:
        if not one.is_active or not may(one.role, "stocktakes.count"):
            yield Conflict("stocktake.may_not_count", person=one.name, field="committee")
        if one.pieces:
            yield Conflict("stocktake.answers_for_things", person=one.name, pieces=one.pieces, field="committee")


def order_faults(areas: int, as_of: date, today: date, texts: Mapping[str, str]) -> Iterator[Refusal]:
    """Every reason against an order but its committee. ``texts`` are those of the form by field."""
    if not areas:
        yield Invalid("stocktake.no_area", field="areas")
    if areas > MOST_AREAS:
        yield Invalid("stocktake.many_areas", limit=MOST_AREAS, field="areas")
    if abs((as_of - today).days) > FARTHEST_DAYS:
        yield Invalid("stocktake.far_day", field="as_of")
    for name, text in texts.items():
        if len(text) > LONGEST_TEXT:
            reason = Reason(N_("it is longer than {limit} characters"), limit=LONGEST_TEXT)
            yield Invalid("request.bad_field", field=name, reason=reason)


def counting_faults(state: StocktakeState, is_member: bool, is_area_closed: bool = False) -> Iterator[Refusal]:
    """Every reason why somebody cannot count now, or take back what they counted."""
    if not is_member:
        yield Conflict("stocktake.not_member")
    if state is StocktakeState.ORDERED:
        yield Conflict("stocktake.not_open")
    elif state is not StocktakeState.COUNTING:
        yield Conflict("stocktake.over")
    elif is_area_closed:
        yield Conflict("stocktake.area_closed")


def sighting_faults(quantity: int, note: str, name: str) -> Iterator[Refusal]:
    """Every reason against what was typed of a thing that was seen."""
    if not 1 <= quantity <= MOST_PIECES:
        yield Invalid("stocktake.bad_quantity", limit=MOST_PIECES, field="quantity")
    for field, text, limit in (("note", note, LONGEST_NOTE), ("name", name, LONGEST_TEXT)):
        if len(text) > limit:
            reason = Reason(N_("it is longer than {limit} characters"), limit=limit)
            yield Invalid("request.bad_field", field=field, reason=reason)


def shows_books(is_blind: bool, state: StocktakeState) -> bool:
    """Whether anything that the register expects may be told: in a blind count nothing until all of it is closed."""
    return not is_blind or state in (StocktakeState.CLOSED, StocktakeState.VALUED, StocktakeState.SETTLED)


@dataclass(frozen=True, slots=True)
class AreaBounds:
    """An area as the choice of one needs it: what bounds it, and whether it is closed."""

    id: int
    kind: AreaKind
    room_id: int | None = None
    is_closed: bool = False


def are_pooled(is_blind: bool, state: StocktakeState, kinds: Iterable[AreaKind]) -> bool:
    """Whether what is seen in no room of the areas is of all other areas together: which of them expects a thing is
    told by none of a blind count, before all of it is closed.
    """
    return not shows_books(is_blind, state) and sum(kind is not AreaKind.ROOM for kind in kinds) > 1


def area_of(areas: Sequence[AreaBounds], room_id: int, expected_in: int | None) -> int | None:
    """The area that a sighting belongs to: that of the room where one stands; of a person or a category the one that
    expects the thing; of what none expects, or none may tell, the first that is open. None where it can be of none.
    """
    for area in areas:
        if area.kind is AreaKind.ROOM and area.room_id == room_id:
            return area.id
    wide = [area for area in areas if area.kind is not AreaKind.ROOM]
    if expected_in in [area.id for area in wide]:
        return expected_in
    return next((area.id for area in wide if not area.is_closed), wide[0].id if wide else None)


def lap_at(laps: Sequence[datetime], at: datetime) -> int:
    """In which lap of its area something was seen: the ``laps`` are when it was begun anew."""
    return 1 + sum(one <= at for one in laps)


def kind_of(sight: SeenThing, expectation: Expectation | None) -> SightingKind:
    """What a sighting is, measured by what the register expects of this thing."""
    if sight.asset_id is None:
        return SightingKind.UNLABELLED if sight.mark else SightingKind.UNKNOWN
    if expectation is None:
        return SightingKind.FOREIGN
    return SightingKind.HERE if expectation.room_id == sight.room_id else SightingKind.ELSEWHERE


def deciding(sights: Iterable[SeenThing]) -> dict[str, SeenThing]:
    """Of each thing the last sighting, whatever the order in which phones sent them. In the order of counting."""
    last: dict[str, SeenThing] = {}
    for sight in sorted(sights, key=lambda one: (one.at, one.person_id, one.id)):
        last.pop(sight.thing, None)
        last[sight.thing] = sight
    return last


def compare(
    expectations: Iterable[Expectation], sights: Mapping[str, SeenThing], corrections: Mapping[str, int] | None = None
) -> list[CountLine]:
    """The books beside the count, by thing: first what was expected, in the order of the register, then the rest.
    ``corrections`` are quantities that were put right on closed sheets.
    """
    corrections, lines, expected = corrections or {}, [], set()
    for one in sorted(expectations, key=lambda row: row.asset_id):
        thing = f"asset:{one.asset_id}"
        expected.add(thing)
        sight = sights.get(thing)
        counted = corrections.get(thing, sight.quantity if sight else 0)
        lines.append(_line(thing, one, sight, counted))
    for thing, sight in sights.items():
        counted = corrections.get(thing, sight.quantity)
        if thing not in expected and counted:
            lines.append(_line(thing, None, sight, counted))
    return lines


def _line(thing: str, expectation: Expectation | None, sight: SeenThing | None, counted: int) -> CountLine:
    one = expectation or sight
    assert one
    quantity = expectation.quantity if expectation else 0
    unit_price = None
    if expectation and quantity:
        unit_price = (expectation.price / quantity).quantize(Decimal("0.01"))
    return CountLine(
        thing, one.asset_id, one.inventory_no, one.name or (sight.code if sight else ""), one.serial_no, quantity,
        counted, unit_price, expectation.room if expectation else sight.home if sight else "",
        sight.room if sight else "", sight.room_id if sight else None,
        tuple(_kinds(expectation, sight, quantity, counted)), sight.note if sight else "",
        expectation.price if expectation else None,
    )  # fmt: skip


def _kinds(
    expectation: Expectation | None, sight: SeenThing | None, expected: int, counted: int
) -> Iterator[DifferenceKind]:
    if counted < expected:
        yield DifferenceKind.SHORTAGE
    if sight is None or not counted:
        return
    kind = kind_of(sight, expectation)
    if sight.condition is SeenCondition.NOT_OURS:
        yield DifferenceKind.NOT_OURS
    elif kind is SightingKind.FOREIGN:
        yield DifferenceKind.FOREIGN
    elif counted > expected:
        yield DifferenceKind.SURPLUS
    if kind is SightingKind.ELSEWHERE:
        yield DifferenceKind.ELSEWHERE
    if sight.condition is SeenCondition.DAMAGED:
        yield DifferenceKind.DAMAGED


def differences(lines: Iterable[CountLine]) -> list[FoundDifference]:
    """All that must be explained, shortages first."""
    all_of_them = [FoundDifference(kind, line) for line in lines for kind in line.kinds]
    order = list(DifferenceKind)
    return sorted(all_of_them, key=lambda one: order.index(one.kind))


def are_alike(one: str, other: str) -> bool:
    """Whether two names are of like things: the same noun stands first. A chair makes up for a chair alone."""
    first, second = fold(one).split(), fold(other).split()
    return bool(first and second) and first[0] == second[0]


def like_surpluses(
    all_of_them: Iterable[FoundDifference], shortages: Iterable[FoundDifference], pairs: Mapping[str, str]
) -> dict[str, list[FoundDifference]]:
    """Of each of these shortages what may make it up: surpluses of like things, as many of them, that no other is
    netted with already. ``pairs`` are the keys of shortages by those of their surpluses.
    """
    by_noun: dict[tuple[str, int], list[FoundDifference]] = {}
    for one in all_of_them:
        if one.kind is DifferenceKind.SURPLUS and (words := fold(one.line.name).split()):
            by_noun.setdefault((words[0], one.quantity), []).append(one)
    return {
        one.key: [
            like
            for like in by_noun.get((fold(one.line.name).split()[0], one.quantity), [])
            if pairs.get(like.key, one.key) == one.key
        ][:MOST_LIKE]
        for one in shortages
        if one.kind is DifferenceKind.SHORTAGE and one.line.name.strip()
    }


def valuation_faults(
    discrepancies: Sequence[FoundDifference], valuations: Sequence[Valuation], *, is_part: bool = False
) -> Iterator[Refusal]:
    """Every reason against a valuation: each difference has one with its explanation, unless it ``is_part``, and nets
    with a like one.
    """
    by_key = {one.key: one for one in discrepancies}
    keys = Counter(one.key for one in valuations)
    for key, times in keys.items():
        if key not in by_key or times > 1:
            yield Invalid("stocktake.no_difference", difference=key[:80])
    if not is_part and (missing := [one for one in discrepancies if one.key not in keys]):
        yield Invalid("stocktake.not_all_valued", piece=missing[0].line.name, many=len(missing))
    netted = Counter(one.netted_with for one in valuations)
    for one in valuations:
        is_amount = one.value.is_finite() and 0 <= one.value < Decimal(10) ** 10
        if not is_amount or one.value != one.value.quantize(Decimal("0.01")):
            yield Invalid("stocktake.bad_value", field=f"value:{one.key[:80]}")
        if not one.explanation or len(one.explanation) > LONGEST_NOTE:
            yield Invalid("stocktake.no_explanation", limit=LONGEST_NOTE, field=f"explanation:{one.key[:80]}")
        if one.netted_with and one.key in by_key:
            yield from _netting_faults(by_key[one.key], by_key.get(one.netted_with), netted[one.netted_with])


def _netting_faults(shortage: FoundDifference, surplus: FoundDifference | None, times: int) -> Iterator[Refusal]:
    is_pair = (
        shortage.kind is DifferenceKind.SHORTAGE
        and surplus is not None
        and surplus.kind is DifferenceKind.SURPLUS
        and shortage.quantity == surplus.quantity
        and are_alike(shortage.line.name, surplus.line.name)
    )
    if not is_pair or times > 1:
        yield Conflict("stocktake.not_alike", piece=shortage.line.name, field=f"netted:{shortage.key[:80]}")


def act_of(kind: DifferenceKind, is_netted: bool) -> SettlementAct | None:
    """What a difference leads to; nothing for a surplus that made a shortage up."""
    if kind is DifferenceKind.SHORTAGE:
        return SettlementAct.LABEL if is_netted else SettlementAct.RETIRE
    if kind is DifferenceKind.SURPLUS:
        return None if is_netted else SettlementAct.ACCEPT
    if kind is DifferenceKind.DAMAGED:
        return SettlementAct.ASSESS
    if kind is DifferenceKind.NOT_OURS:
        return SettlementAct.NOTIFY
    return SettlementAct.MOVE


def is_partial(expected: int, counted: int) -> bool:
    """Whether a part of a line is missing. No transition of the register takes a part: people split it off first."""
    return 0 < counted < expected


# the drafts that are carried out by a transition of the register
TRANSITIONS = {SettlementAct.MOVE: "move", SettlementAct.RETIRE: "liquidate"}


def transition_of(act: SettlementAct, asset_id: int | None, expected: int, counted: int) -> str | None:
    """The transition that carries a draft out; None of what people do by themselves."""
    return None if asset_id is None or is_partial(expected, counted) else TRANSITIONS.get(act)


@dataclass(frozen=True, slots=True)
class RowMoney:
    """PLN of one piece of a line of a sheet, and of all of it: three for 100.00 are 33.33 each, and 100.00."""

    price: Decimal
    value: Decimal


def money_of_row(line: CountLine, quantity: int) -> RowMoney | None:
    """What a row of a sheet is worth, of which ``quantity`` pieces count; None of what no book knows."""
    if line.unit_price is None:
        return None
    whole = line.value if quantity == line.counted else None
    return RowMoney(line.unit_price, line.unit_price * quantity if whole is None else whole)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A line of a closed sheet: what was counted, in the order of counting, and nothing of the books."""

    number: int
    thing: str
    inventory_no: str
    name: str
    serial_no: str
    unit: str
    quantity: int
    condition: str
    mark: str
    note: str
    room: str
    counted_by: int
    at: str


def sheet_rows(sights: Iterable[SeenThing]) -> list[SheetRow]:
    """The lines of a sheet."""
    return [
        SheetRow(
            number, one.thing, one.inventory_no, one.name or one.code, one.serial_no, "szt.", one.quantity,
            str(one.condition), one.mark or ("" if one.asset_id else one.code), one.note,
            one.room, one.person_id, one.at.isoformat(),
        )
        for number, one in enumerate(deciding(sights).values(), 1)
    ]  # fmt: skip


def sides_of(is_member: bool, is_custodian: bool, may_check: bool) -> tuple[SheetSide, ...]:
    """As whom somebody may sign a sheet. Who put the values in does not check them."""
    may_sign = {SheetSide.TEAM: is_member, SheetSide.CUSTODIAN: is_custodian, SheetSide.CHECKER: may_check}
    return tuple(side for side in SheetSide if may_sign[side])


def mark_of(digest: str) -> str:
    """What tells a sheet from any that is put in its place, of its SHA-256: 3F9A-71C2-B0D4."""
    return "-".join(digest[start : start + 4].upper() for start in (0, 4, 8))
