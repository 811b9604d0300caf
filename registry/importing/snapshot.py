"""What the register holds that a list may refer to, read once before the list is judged."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from tortoise.expressions import Q

from registry.assets.models import Asset, FormerNumber, Lifecycle, Purchase, Tag
from registry.assets.policy import DEFAULT, in_force
from registry.assets.rules import GROSZ, AccountPolicy, fold, number_key
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree
from registry.grants.models import Grant
from registry.people.models import Institution, Person, Role
from registry.rooms.models import Building, Room, Site


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """A grant that lists may name by code, by fund or by the fund's initials; ``percent`` is the fund's share."""

    id: int
    code: str
    fund: str
    percent: Decimal

    def is_called(self, text: str) -> bool:
        """Whether a text is this grant's own code."""
        return fold(text) == fold(self.code)

    def answers_to(self, text: str) -> bool:
        """Whether a text may mean this grant."""
        words = fold(text)
        initials = "".join(word[0] for word in fold(self.fund).split())
        return bool(words) and (words in (fold(self.code), initials) or fold(self.code) in words
                                 or words in fold(self.fund) and len(words) > 4)  # fmt: skip


@dataclass(slots=True)
class RegisterSnapshot:
    """What the register holds that a list may refer to. Keys are folded; ids are those of the database.

    ``roles`` are those that the list's sender may give. What was bought after ``today`` is looked at; None asks nobody.
    """

    rooms: dict[str, int] = field(default_factory=dict)
    room_codes: dict[int, str] = field(default_factory=dict)
    room_numbers: dict[str, list[int]] = field(default_factory=dict)
    room_names: dict[str, list[int]] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)
    people_names: dict[str, list[int]] = field(default_factory=dict)
    buildings: dict[str, int] = field(default_factory=dict)
    institutions: dict[str, int] = field(default_factory=dict)
    purchases: dict[str, int] = field(default_factory=dict)
    towns: dict[str, str] = field(default_factory=dict)  # names of sites by their codes
    grants: list[GrantTerms] = field(default_factory=list)
    inventory_keys: set[str] = field(default_factory=set)
    labels: dict[str, int | None] = field(default_factory=dict)  # of a code the piece, None where it is on a room
    policy: AccountPolicy = DEFAULT
    numbered: dict[str, int] = field(default_factory=dict)  # pieces by their present and former numbers
    twins: Counter[int] = field(default_factory=Counter)  # pieces that had no number, by what a list says of them
    twin_keys: dict[int, int] = field(default_factory=dict)  # of each of them by its id
    may_correct_money: bool = True
    roles: frozenset[Role] = frozenset(Role)
    today: date | None = None
    categories: CategoryTree = field(default_factory=CategoryTree)

    def grant(self, text: str) -> GrantTerms | None:
        """The one grant that a text means: the one whose code it is, else the only one that answers to it."""
        matches = [grant for grant in self.grants if grant.is_called(text)]
        matches = matches or [grant for grant in self.grants if grant.answers_to(text)]
        return matches[0] if len(matches) == 1 else None


def name_key(name: str) -> str:
    """A person's name without the order of its parts: some write the family name first, some last."""
    return " ".join(sorted(fold(name).replace(",", " ").split()))


async def load_snapshot(
    roles: frozenset[Role] = frozenset(Role), today: date | None = None, may_correct_money: bool = True
) -> RegisterSnapshot:
    """The register as it is now, for a sender who may give these roles."""
    rooms = await Room.all().values_list("id", "code", "number")
    room_names = await Room.all().values_list("id", "name", "name_en")
    people = await Person.all().values_list("id", "login", "name")
    snapshot = RegisterSnapshot(
        rooms={fold(code): pk for pk, code, _ in rooms},
        room_codes={pk: code for pk, code, _ in rooms},
        people={fold(login): pk for pk, login, _ in people},
        buildings={fold(code): pk for pk, code in await Building.all().values_list("id", "code")},
        institutions={fold(code): pk for pk, code in await Institution.all().values_list("id", "code")},
        purchases={fold(code): pk for pk, code in await Purchase.all().values_list("id", "code")},
        towns=dict(await Site.all().values_list("code", "name")),
        policy=in_force(),
        categories=await category_tree(),
        roles=roles,
        today=today,
        may_correct_money=may_correct_money,
    )
    for pk, *names in room_names:
        for name in {fold(name) for name in names if name}:
            snapshot.room_names.setdefault(name, []).append(pk)
    for pk, _, name in people:
        snapshot.people_names.setdefault(name_key(name), []).append(pk)
    for pk, _, number in rooms:
        snapshot.room_numbers.setdefault(fold(number), []).append(pk)
    grants = await Grant.all().order_by("id").values_list("id", "code", "fund", "percent")
    snapshot.grants = [GrantTerms(*grant) for grant in grants]
    tag_rows = Tag.filter(Q(asset_id__not_isnull=True) | Q(room_id__not_isnull=True))
    snapshot.labels = dict(await tag_rows.values_list("code", "asset_id"))
    snapshot.numbered = {str(key): pk for key, pk in await FormerNumber.all().values_list("number_key", "asset_id")}
    withdrawn: set[Any] = set()
    for number, pk, lifecycle in await Asset.exclude(inventory_no=None).values_list("inventory_no", "id", "lifecycle"):
        snapshot.numbered[number_key(str(number))] = pk
        if lifecycle == Lifecycle.WITHDRAWN:
            withdrawn.add(pk)
    snapshot.inventory_keys = set(snapshot.numbered)
    if withdrawn:  # their numbers are given to no other, and a list changes nothing of them
        snapshot.numbered = {key: pk for key, pk in snapshot.numbered.items() if pk not in withdrawn}
    in_the_books = Asset.exclude(lifecycle=Lifecycle.WITHDRAWN)
    twins = in_the_books.filter(Q(inventory_no=None) | Q(was_unnumbered=True), purchase_id=None, quantity=1)
    columns = ("id", "name", "kst", "price", "serial_no", "room_id", "accepted_on")
    snapshot.twin_keys = {pk: twin_key(*values) for pk, *values in await twins.values_list(*columns)}
    snapshot.twins = Counter(snapshot.twin_keys.values())
    return snapshot


def twin_key(name: str, kst: str, price: Decimal, serial: str, room_id: int | None, day: date | None) -> int:
    """The same for pieces without a number that a list could not tell apart."""
    return hash((fold(name), kst, price.quantize(GROSZ), serial.casefold(), room_id, day))
