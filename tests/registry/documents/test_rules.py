"""Papers: their numbers, who signs them, and what was frozen on them."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from registry.documents.rules import (
    SYMBOLS,
    PaperContents,
    PaperLine,
    Side,
    contents_of,
    number_of,
    plain,
    shared,
    signature_faults,
)
from registry.people.models import Role

LINE = PaperLine("A/1", "Stół", "SN", "808", 2, "10.50")
MT, OT = SYMBOLS["MT"], SYMBOLS["OT"]


def test_a_number_says_its_symbol_its_place_and_its_year() -> None:
    assert number_of("MT", "", 2026, 12) == "MT/00012/2026"
    assert number_of("OT", "WSOC", 2027, 1) == "OT/WSOC/00001/2027"


def test_what_was_frozen_comes_back() -> None:
    contents = PaperContents(
        (LINE, replace(LINE, value="0.01")), "ZW-01", "x", "ZW-02", "y", ("G/1",), "2027-01-01", ("n",)
    )
    assert contents_of(plain(contents)) == contents
    stored = plain(contents)
    assert contents_of({**stored, "lines": list(stored["lines"]), "grants": ["G/1"], "notes": ["n"]}) == contents
    assert contents.total == Decimal("10.51")
    accepted = replace(contents, accepted_on="2022-04-22")
    assert (accepted.accepted_day, accepted.durable_day) == (date(2022, 4, 22), date(2027, 1, 1))
    assert (contents.due_day, replace(contents, due_on="2026-12-01").due_day) == (None, date(2026, 12, 1))
    assert (contents.accepted_day, replace(contents, durable_until="").durable_day) == (None, None)


def test_what_all_lines_share_stands_once() -> None:
    assert (shared(["a", "a"]), shared(["a", "b"]), shared([])) == ("a", "", "")


@pytest.mark.parametrize(
    ("side", "is_cancelled", "there", "codes"),
    [
        (Side.GIVER, False, {}, []),
        (Side.GIVER, False, {Side.GIVER: 1}, []),
        (Side.TAKER, False, {Side.GIVER: 2}, []),
        (Side.GIVER, True, {}, ["document.cancelled"]),
        (Side.APPROVER, False, {}, ["document.no_side"]),
        (Side.GIVER, False, {Side.GIVER: 2}, ["document.signed_by_another"]),
        (Side.TAKER, False, {Side.GIVER: 1}, ["document.both_sides"]),
    ],
)
def test_who_may_sign(side: Side, is_cancelled: bool, there: dict[Side, int], codes: list[str]) -> None:
    assert [fault.code for fault in signature_faults(MT, side, is_cancelled, there, 1, Role.MEMBER)] == codes


def test_for_the_accounts_signs_the_accountant() -> None:
    for role, codes in (
        (Role.FACILITIES, ["document.not_the_accountant"]),
        (Role.ACCOUNTANT, []),
        (Role.ADMIN, []),
    ):
        assert [fault.code for fault in signature_faults(OT, Side.ACCOUNTANT, False, {}, 1, role)] == codes
    assert signature_faults(OT, Side.COMMITTEE, False, {}, 1, Role.FACILITIES) == []
