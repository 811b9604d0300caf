"""What a set lacks, as tables."""

from typing import Any

import pytest

from registry.assets.models import Condition, Lifecycle
from registry.core.errors import Invalid
from registry.sets.rules import MemberPiece, Part, Trouble, checks, part_from, parts_of, place_of


def piece(asset_id: int, name: str = "Monitor", room: str | None = "R-1", **columns: Any) -> MemberPiece:
    states: dict[str, Any] = {"lifecycle": Lifecycle.IN_USE, "condition": Condition.OK, "quantity": 1, "revision": 1}
    return MemberPiece(asset_id=asset_id, name=name, inventory_no=None, room=room, **(states | columns))


def test_a_set_stands_where_most_of_its_pieces_do() -> None:
    assert place_of([]) is None
    assert place_of([piece(1, room=None)]) is None
    assert place_of([piece(1, room="B"), piece(2, room="A"), piece(3, room="B")]) == "B"
    assert place_of([piece(1, room="B"), piece(2, room="A")]) == "A", "of two the first of the alphabet"
    assert place_of([piece(1, room="B", lifecycle=Lifecycle.RETIRED), piece(2, room="C")]) == "C"


@pytest.mark.parametrize(
    ("columns", "trouble"),
    [
        ({}, None),
        ({"room": "R-9"}, Trouble.ELSEWHERE),
        ({"room": None}, Trouble.ELSEWHERE),
        ({"condition": Condition.FAULTY}, Trouble.FAULTY),
        ({"condition": Condition.IN_REPAIR}, Trouble.IN_REPAIR),
        ({"lifecycle": Lifecycle.HANDED_OVER}, Trouble.GONE),
        ({"lifecycle": Lifecycle.DISPOSED, "condition": Condition.FAULTY}, Trouble.GONE),
    ],
)
def test_a_piece_serves_its_set_together_with_the_others_and_in_order(
    columns: dict[str, Any], trouble: Trouble | None
) -> None:
    others = [piece(8, "Biurko"), piece(9, "Biurko")]
    (desks, monitor) = checks([Part("Biurko", 2), Part("Monitor", 1)], [*others, piece(1, **columns)])
    assert desks.is_complete
    assert [state for _, state in monitor.pieces] == [trouble]
    assert (monitor.is_complete, monitor.working) == (trouble is None, int(trouble is None))
    assert monitor.missing == int(trouble is Trouble.GONE)


def test_what_no_piece_stands_for_is_missing_and_names_are_compared_folded() -> None:
    (check,) = checks([Part("Krzesło", 3), Part("krzesło", 1)], [piece(1, "KRZESŁO", quantity=3)])
    assert (check.name, check.wanted, check.working, check.missing) == ("Krzesło", 4, 3, 1)


def test_a_piece_that_no_part_names_stands_behind_them() -> None:
    first, second = checks([Part("Biurko", 1)], [piece(1, "Lampa")])
    assert (first.missing, second.name, second.wanted, second.is_complete) == (1, "Lampa", 0, True)


def test_what_a_set_is_made_of_belongs_to_it() -> None:
    pieces = [piece(1, "Krzesło", quantity=4), piece(2, "Biurko"), piece(3, "krzesło")]
    assert parts_of(pieces) == [Part("Biurko", 1), Part("Krzesło", 5)]


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("2 × Monitor 24\"", Part('Monitor 24"', 2)), ("2x Monitor", Part("Monitor", 2)),
        ("2 * Monitor", Part("Monitor", 2)),
        ("4 szt. Krzesło", Part("Krzesło", 4)), ("Monitor", Part("Monitor", 1)),
        ("  Monitor   24 ", Part("Monitor 24", 1)), ("24 cale", Part("24 cale", 1)),
    ],
)  # fmt: skip
def test_a_part_is_typed_as_people_type_it(line: str, part: Part) -> None:
    assert part_from(line) == part


@pytest.mark.parametrize("line", ["", "0 × Monitor", "a" * 301, "Mon\x07itor"])
def test_what_is_no_part_is_refused(line: str) -> None:
    with pytest.raises(Invalid, match="no part of a set"):
        part_from(line)
