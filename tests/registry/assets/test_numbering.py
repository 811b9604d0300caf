"""How numbers are made of a template: its parts, its faults, and which rule holds on a day."""

from datetime import date

import pytest

from registry.assets.numbering import (
    NumberFacts,
    NumberScheme,
    number_lacks,
    number_of,
    scheme_for,
    template_faults,
)

USUAL = "{unit}/{account}/{kst}/{seq:5}/{yy}"
FACTS = NumberFacts("KPUW", "013", "487", date(2026, 11, 26))


@pytest.mark.parametrize(
    ("template", "number"),
    [
        (USUAL, "KPUW/013/487/00596/26"),
        ("{seq}", "596"),
        ("{seq:2}-{yyyy}", "596-2026"),
        ("WZ {account}.{kst}.{seq:4}", "WZ 013.487.0596"),
    ],
)
def test_a_template_says_what_stands_in_a_number(template: str, number: str) -> None:
    assert template_faults("KPUW", (), template, 1) == []
    assert number_of(template, FACTS, 596) == number


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{unit}/{yy}", "numbering.no_sequence"),
        ("{seq}/{seq:3}", "numbering.no_sequence"),
        ("", "numbering.no_sequence"),
        ("{seq:0}", "numbering.unknown_part"),
        ("{room}/{seq}", "numbering.unknown_part"),
        ("{seq", "numbering.unknown_part"),
        ("{{seq}}", "numbering.unknown_part"),
        (" {seq}", "numbering.bad_template"),
        ("{seq}\n", "numbering.bad_template"),
        ("x" * 80 + "{seq}", "numbering.bad_template"),
        ("x" * 55 + "{seq}", "numbering.too_long"),
    ],
)
def test_a_template_that_makes_no_numbers_is_refused(template: str, code: str) -> None:
    (fault,) = template_faults("KPUW", ("013",), template, 1)
    assert (fault.code, fault.params["field"]) == (code, "template")


def test_what_stands_beside_a_template_is_judged_too() -> None:
    assert [fault.code for fault in template_faults("", ("014",), USUAL, 0)] == [
        "numbering.bad_unit", "numbering.bad_account", "numbering.bad_first",
    ]  # fmt: skip
    assert template_faults("{x}", (), USUAL, 1)[0].code == "numbering.bad_unit"


def test_a_number_with_a_symbol_needs_one() -> None:
    bare = NumberFacts("KPUW", "013", "", FACTS.day)
    assert [fault.code for fault in number_lacks(USUAL, bare)] == ["numbering.no_kst"]
    assert number_lacks("{seq}", bare) == number_lacks(USUAL, FACTS) == []


def test_the_newest_rule_holds_and_of_one_day_the_one_that_names_the_account() -> None:
    old = NumberScheme(1, "KPUW", (), "{seq}", date(2022, 1, 1))
    fixed = NumberScheme(2, "KPUW", ("011",), "S{seq}", date(2022, 1, 1))
    new = NumberScheme(3, "KPUW", (), USUAL, date(2027, 1, 1), 7)
    schemes = [old, fixed, new]
    assert scheme_for(schemes, "KPUW", "011", FACTS.day) is fixed
    assert scheme_for(schemes, "KPUW", "013", FACTS.day) is old
    assert scheme_for(schemes, "KPUW", "011", date(2027, 1, 1)) is new
    assert scheme_for(schemes, "KPUW", "013", date(2021, 12, 31)) is None
    assert scheme_for(schemes, "WUW", "013", FACTS.day) is None
    assert (old.year_of(FACTS.day), new.year_of(FACTS.day)) == (0, 2026)
    assert (old.start_of(0), new.start_of(2027), new.start_of(2028)) == (1, 7, 1)
