"""What a site, a building, a room and a first administrator must be like."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from registry.office.actions import FirstAdministrator
from registry.places.rules import BOUNDS
from registry.rooms.places import NewBuilding, NewRoom, NewSite, code_of

ADMIN = FirstAdministrator("informatyk", "informatyk", "cztery zwykłe słowa")


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        (NewSite("", " ", "Mars/Olympus"), ["code", "name", "timezone"]),
        (NewSite("a b", "x" * 121), ["code", "name"]),
        (NewBuilding("+", "", "n" * 201), ["address", "code", "note"]),
        (
            NewRoom("A/1", "", "1" * 21, 100, "dungeon", -1, "secret"),
            ["capacity", "code", "floor", "kind", "name", "number", "visibility"],
        ),
        (FirstAdministrator("?", "x", "short"), ["login", "password"]),
        (FirstAdministrator("ab", "x", "x" * 1001), ["password"]),
        (NewSite("ok", "Łódź"), []),
        (NewBuilding("B-1", "Próbna 1"), []),
        (NewRoom("PP-0.1", "Recepcja"), []),
        (ADMIN, []),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_field(
    part: NewSite | NewBuilding | NewRoom | FirstAdministrator, fields: Sequence[str]
) -> None:
    assert sorted(part.faults()) == fields


@pytest.mark.parametrize("name", ["floor", "capacity"])
def test_a_room_comes_in_within_the_bounds_to_which_it_may_be_set(name: str) -> None:
    least, most = BOUNDS[name]
    for value, names in ((least - 1, [name]), (least, []), (most, []), (most + 1, [name])):
        assert list(replace(NewRoom("A-1", "Sala"), **{name: value}).faults()) == names


def test_a_code_is_made_of_a_name() -> None:
    assert [code_of(name) for name in ("Łódź Centrum", " Bydgoszcz, ul. Konarskiego 1 ", "ńć!")] == [
        "lodz-centrum", "bydgoszcz-ul.-konarskiego-1", "nc",
    ]  # fmt: skip
