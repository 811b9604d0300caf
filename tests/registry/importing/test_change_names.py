"""Columns of a list go by their titles, by what is read of them, and by the changes that they make."""

import pytest

from registry.core.errors import Invalid
from registry.importing.change_names import change_names

TITLES = [("name", "Asset"), ("custodian", "Name"), ("note", "Room")]


def test_a_column_goes_by_its_title_or_by_its_change() -> None:
    assert change_names(["Asset", "Room"], TITLES) == {"Asset": "name", "Room": "note"}


def test_a_change_is_meant_by_its_own_name_whatever_a_column_is_called() -> None:
    assert change_names(["name"], TITLES) == {"name": "name"}
    assert change_names(["room", "custodian"], TITLES, {"room"}) == {"room": "room", "custodian": "custodian"}


def test_what_changes_nothing_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        change_names(["Price"], TITLES)
    assert (refused.value.code, refused.value.params["column"]) == ("import.changes_nothing", "Price")
