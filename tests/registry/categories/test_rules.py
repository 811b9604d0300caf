"""What is inherited down the tree of categories, and what a field takes."""

from datetime import date
from typing import Any

import pytest

from registry.categories.models import FieldKind
from registry.categories.rules import (
    DEEPEST,
    TITLES_OF_ALL,
    CategoryDefaults,
    CategoryNode,
    CategoryTree,
    OwnField,
    choices_of,
    code_of,
    end_after,
    move_faults,
    read_value,
    read_values,
    tree_of,
)
from registry.core.errors import Invalid
from registry.core.folding import fold
from registry.exporting.tables import ASSETS

LUMENS = OwnField(1, 2, "jasnosc", "Jasność", FieldKind.NUMBER, "lm", is_required=True)
MEMORY = OwnField(2, 1, "gwarant", "Serwisant", FieldKind.TEXT)
CHECKED = OwnField(3, 2, "wzorcowanie", "Wzorcowanie do", FieldKind.DAY, is_due=True)
SHAPE = OwnField(4, 2, "obudowa", "Obudowa", FieldKind.CHOICE, choices=("Mini", "Tower"))
TREE = tree_of(
    [
        CategoryNode(1, "ict", "ICT", None, CategoryDefaults("487", 24), (MEMORY,)),
        CategoryNode(2, "projektory", "Projektory", 1, CategoryDefaults("", 36, 60, "a4-33"), (LUMENS, CHECKED, SHAPE)),
        CategoryNode(3, "meble", "meble"),
    ]
)


def test_a_category_has_what_those_above_it_ask_and_give() -> None:
    assert [own.code for own in TREE.fields_of("projektory")] == ["gwarant", "jasnosc", "wzorcowanie", "obudowa"]
    assert TREE.defaults_of("Projektory") == CategoryDefaults("487", 36, 60, "a4-33")
    assert TREE.defaults_of("biuro") == CategoryDefaults()
    assert TREE.fields_of("") == []


def test_the_tree_is_in_the_order_of_the_alphabet_each_behind_the_one_above_it() -> None:
    assert [(depth, node.code) for depth, node in TREE.in_order()] == [(0, "ict"), (1, "projektory"), (0, "meble")]
    assert [own.code for own in TREE.fields_of_all()] == ["gwarant", "jasnosc", "wzorcowanie", "obudowa"]
    assert [node.code for node in TREE.below(TREE.nodes[1])] == ["ict", "projektory"]


def test_a_circle_ends_every_walk_and_each_category_comes_once() -> None:
    above = {1: 2, 2: 1, 3: None, 4: 3}
    ring = tree_of(CategoryNode(one, "-abcd"[one], "-ABCD"[one], parent) for one, parent in above.items())
    assert [(depth, node.code) for depth, node in ring.in_order()] == [(0, "c"), (1, "d"), (0, "a"), (1, "b")]
    assert [node.code for node in ring.below(ring.nodes[2])] == ["b", "a"]
    assert ring.height(ring.nodes[1]) == 2
    assert [node.code for node in ring.path(ring.nodes[1])] == ["b", "a"]
    assert [fault.code for fault in move_faults(ring, ring.nodes[1], ring.nodes[2])] == ["category.below_itself"]


def test_a_name_is_written_as_the_tree_writes_it() -> None:
    assert [TREE.canonical(name) for name in ("PROJEKTORY", "Kosz", "")] == ["Projektory", "Kosz", ""]


def test_no_field_is_named_like_a_column_of_every_list() -> None:
    assert {fold(title) for title in ASSETS.columns} == TITLES_OF_ALL


def test_a_category_never_stands_below_itself() -> None:
    faults = move_faults(TREE, TREE.nodes[1], TREE.nodes[2])
    assert [fault.code for fault in faults] == ["category.below_itself"]
    assert move_faults(TREE, TREE.nodes[3], TREE.nodes[2]) == []
    assert move_faults(TREE, TREE.nodes[2], None) == []


def test_a_tree_is_only_so_deep() -> None:
    deep = tree_of(CategoryNode(n, f"c{n}", f"C{n}", n - 1 if n > 1 else None) for n in range(1, DEEPEST + 1))
    assert [fault.code for fault in move_faults(deep, None, deep.nodes[DEEPEST])] == ["category.too_deep"]
    assert move_faults(deep, None, deep.nodes[DEEPEST - 1]) == []


@pytest.mark.parametrize(
    ("own", "raw", "text"),
    [
        (LUMENS, "5 000", "5000"),
        (LUMENS, "5000 lm", "5000"),
        (LUMENS, "0,50", "0.5"),
        (LUMENS, 3, "3"),
        (LUMENS, "-1,5", "-1.5"),
        (MEMORY, "  Firma   A ", "Firma A"),
        (CHECKED, "1.3.2027", "2027-03-01"),
        (CHECKED, "2027-03-01", "2027-03-01"),
        (SHAPE, "tower", "Tower"),
    ],
)
def test_a_value_is_read_as_people_write_it(own: OwnField, raw: Any, text: str) -> None:
    value = read_value(own, raw)
    assert value is not None
    assert value.text == text


@pytest.mark.parametrize(
    ("own", "raw", "code"),
    [
        (LUMENS, "jasny", "field.bad_number"),
        (LUMENS, "1e400", "field.bad_number"),
        (LUMENS, "9" * 20, "field.bad_number"),
        (CHECKED, "31.02.2027", "field.bad_day"),
        (CHECKED, "wkrótce", "field.bad_day"),
        (CHECKED, "1.1.1800", "field.bad_day"),
        (SHAPE, "Kostka", "field.bad_choice"),
        (MEMORY, "x" * 201, "field.too_long"),
        (MEMORY, "a\x00b", "field.too_long"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_at_it(own: OwnField, raw: Any, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_value(own, raw)
    assert (refusal.value.code, refusal.value.params["field"]) == (code, own.code)


def test_a_value_can_be_compared() -> None:
    lumens, checked = read_value(LUMENS, "0,5"), read_value(CHECKED, "1.3.2027")
    assert lumens
    assert checked
    assert (lumens.number, checked.day) == (0.5, date(2027, 3, 1))


def test_a_new_piece_needs_what_its_category_requires() -> None:
    fields = TREE.fields_of("Projektory")
    reading = read_values(fields, {"wzorcowanie": "1.3.2027", "kolor": "x"}, is_new=True)
    assert {code: fault.code for code, fault in reading.faults.items()} == {
        "jasnosc": "field.needed",
        "kolor": "field.unknown",
    }
    assert [value.text for value in reading.values] == ["2027-03-01"]
    with pytest.raises(Invalid):
        reading.whole()


def test_of_a_piece_that_is_there_only_what_was_sent_changes() -> None:
    reading = read_values(TREE.fields_of("Projektory"), {"gwarant": "", "jasnosc": "5000"}, is_new=False)
    assert reading.whole() is reading
    assert [own.code for own in reading.empty] == ["gwarant"]
    assert [value.text for value in reading.values] == ["5000"]
    assert "jasnosc" in read_values([LUMENS], {"jasnosc": None}, is_new=False).faults
    assert "jasnosc" in read_values([LUMENS], {"jasnosc": "x"}, is_new=False).faults


def test_a_code_is_made_of_a_name_and_comes_once() -> None:
    assert code_of("Źródła światła") == "zrodla-swiatla"
    assert code_of("ICT", {"ict", "ict-2"}) == "ict-3"
    assert code_of("!!!") == "x"


def test_choices_are_lines_each_once() -> None:
    assert choices_of("Mini\n\n Tower  wysoki \nMini") == ("Mini", "Tower wysoki")


def test_months_end_on_the_same_day_of_a_month() -> None:
    assert end_after(date(2026, 11, 30), 24) == date(2028, 11, 30)
    assert end_after(None, 24) is None
    assert end_after(date(2026, 11, 30), None) is None


def test_no_categories_are_a_tree_too() -> None:
    empty = CategoryTree()
    assert (empty.named("x"), empty.coded("x"), list(empty.in_order())) == (None, None, [])
    assert LUMENS.title == "Jasność, lm"
    assert MEMORY.title == "Serwisant"
