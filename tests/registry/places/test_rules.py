"""What a room may be set to: tables, no database."""

import pytest

from registry.places.rules import BOUNDS, class_reasons, crosses, setting_faults, standard_faults
from registry.rooms.models import Visibility

PUBLIC, INTERNAL, CONFIDENTIAL, HIDDEN = Visibility
PRESENT = {"min_minutes": 15, "max_hours": 8}


def codes(settings):
    return {name: refusal.code for name, refusal in setting_faults(settings, PRESENT).items()}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_stays_within_its_bounds(name):
    least, most = BOUNDS[name]
    for value in (least, most):
        assert name not in codes({name: value, "max_hours": 24} if name == "min_minutes" else {name: value})
    for value in (least - 1, most + 1, "5"):
        assert codes({name: value})[name] == "room.bad_number"


def test_never_is_said_of_a_release_alone():
    assert codes({"no_show_minutes": None, "vacant_minutes": None}) == {}
    assert codes({"setup_minutes": None}) == {"setup_minutes": "room.bad_number"}


def test_a_room_has_a_name_and_a_number():
    assert codes({"name": "", "number": "", "name_en": ""}) == {"name": "room.no_name", "number": "room.no_name"}


@pytest.mark.parametrize(
    ("settings", "is_crossed"),
    [
        ({"min_minutes": 480}, False),
        ({"min_minutes": 481}, True),
        ({"min_minutes": 90, "max_hours": 1}, True),
        ({"max_hours": 1}, False),
        ({"capacity": 4}, False),
    ],
)
def test_the_shortest_booking_is_not_longer_than_the_longest(settings, is_crossed):
    assert codes(settings) == ({"min_minutes": "room.lengths_crossed"} if is_crossed else {})


@pytest.mark.parametrize(
    ("former", "visibility", "is_running", "refusals"),
    [
        (CONFIDENTIAL, INTERNAL, True, ["room.class_in_use"]),
        (HIDDEN, CONFIDENTIAL, True, ["room.class_in_use"]),
        (CONFIDENTIAL, CONFIDENTIAL, True, []),
        (CONFIDENTIAL, INTERNAL, False, []),
        (INTERNAL, CONFIDENTIAL, True, []),
    ],
)
def test_what_is_seen_of_a_visit_stays_while_it_runs(former, visibility, is_running, refusals):
    assert [refusal.code for refusal in class_reasons("R", former, visibility, is_running)] == refusals


def test_a_room_joins_the_help_point_and_leaves_it():
    assert crosses(INTERNAL, HIDDEN)
    assert crosses(CONFIDENTIAL, PUBLIC)
    assert not crosses(CONFIDENTIAL, HIDDEN)
    assert not crosses(PUBLIC, INTERNAL)


def test_a_standard_names_each_thing_once_with_how_many_and_the_feature_that_it_is():
    lines = [
        ("Stół", 1, ""),
        ("", 1, ""),
        ("STÓŁ", 2, ""),
        ("Krzesło", 0, ""),
        ("Ekran", 1, "nie ma"),
        ("Tablica", 2, ""),
    ]
    refused = {place: refusal.code for place, refusal in standard_faults(lines).items()}
    assert refused == {1: "room.no_name", 2: "standard.twice", 3: "room.bad_number", 4: "standard.bad_feature"}
