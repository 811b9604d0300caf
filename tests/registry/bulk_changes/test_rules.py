"""What a bulk change makes of a piece, decided without a database."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from registry.assets.models import Lifecycle
from registry.assets.numbering import NumberScheme
from registry.assets.transitions import TRANSITIONS, Answers
from registry.bulk_changes.rules import (
    LONGEST_NOTE,
    PieceFacts,
    answers_from,
    columns_of,
    of_correction,
    of_numbering,
    of_transition,
    packed,
    stored_answers,
    unpacked,
    value_of,
)
from registry.core.errors import Conflict, Reason, Term
from registry.core.history import plain

TODAY = date(2026, 11, 30)


def facts(parts: dict[int | None, Decimal] | None = None, **columns: Any) -> PieceFacts:
    default = {
        "lifecycle": "in_use", "condition": "ok", "room_id": 1, "custodian_id": None, "name": "Lampa",
        "category": "", "warranty_until": None, "note": "", "price": Decimal("100.00"), "accepted_on": None,
        "kst": "", "account": "013", "quantity": 1, "inventory_no": None, "due_on": None, "borrower_id": None,
    }  # fmt: skip
    return PieceFacts(7, 3, default | columns, parts or {})


def test_a_transition_tells_what_it_would_change() -> None:
    move = of_transition(TRANSITIONS["move"], Answers(room_id=2), facts(), TODAY)
    assert (move.before, move.after, move.refusal) == ({"room_id": 1}, {"room_id": 2}, None)
    assert of_transition(TRANSITIONS["move"], Answers(room_id=1), facts(), TODAY).after == {}
    refused = of_transition(TRANSITIONS["send_to_repair"], Answers(), facts(condition="in_repair"), TODAY)
    assert (refused.after, refused.refusal) == ({}, None), "it has arrived"


def test_what_gets_a_paper_is_done_also_where_nothing_changes_and_what_is_lent_is_not_moved() -> None:
    accept = of_transition(TRANSITIONS["accept"], Answers(), facts(accepted_on=TODAY), TODAY)
    assert (accept.after, accept.gets_paper) == ({}, True)
    fresh = of_transition(TRANSITIONS["accept"], Answers(room_id=2), facts(lifecycle="ordered"), TODAY)
    assert fresh.after == {"lifecycle": "in_use", "room_id": 2, "accepted_on": TODAY}
    refused = of_transition(TRANSITIONS["move"], Answers(room_id=2), facts(due_on=TODAY, borrower_id=3), TODAY)
    assert refused.refusal is not None
    assert refused.refusal.code == "asset.lent"


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("move", Answers(2, None, "x")),
        ("accept", Answers(2, 3, "x", Lifecycle.IN_STORE, TODAY)),
        ("accept", Answers(reason="x")),
        ("lend", Answers(reason="x", borrower_id=4, due_on=TODAY)),
    ],
)
def test_what_was_answered_comes_back_from_where_it_is_stored(name: str, answers: Answers) -> None:
    stored = plain(stored_answers(TRANSITIONS[name], answers))
    assert answers_from(stored, "x") == answers
    assert answers_from({"room_id": 1, "custodian_id": None}, "") == Answers(1), "by an older Izba"


def test_what_is_faulty_already_is_not_reported_by_the_hundred() -> None:
    assert of_transition(TRANSITIONS["report_fault"], Answers(), facts(condition="faulty"), TODAY).after == {}


@pytest.mark.parametrize(
    ("name", "value", "columns", "before", "after"),
    [
        ("category", "meble", {}, {"category": ""}, {"category": "meble"}),
        ("category", "meble", {"category": "meble"}, {}, {}),
        ("warranty_until", date(2027, 1, 1), {}, {"warranty_until": None}, {"warranty_until": date(2027, 1, 1)}),
        ("note", "nowa", {"note": "stara"}, {"note": "stara"}, {"note": "stara\nnowa"}),
        ("note", "nowa", {}, {"note": ""}, {"note": "nowa"}),
        ("note", "stara", {"note": "inna\nstara"}, {}, {}),
        ("note", "", {"note": "stara"}, {}, {}),
    ],
)
def test_a_correction_tells_what_it_would_change(
    name: str, value: Any, columns: dict[str, Any], before: dict[str, Any], after: dict[str, Any]
) -> None:
    prospect = of_correction(name, value, facts(**columns), {})
    assert (prospect.before, prospect.after, prospect.refusal) == (before, after, None)


def test_funding_splits_the_price_of_each_piece() -> None:
    prospect = of_correction("shares", {5: Decimal(75)}, facts({None: Decimal("100.00")}), {5: "G/1"})
    assert prospect.before == {"shares": [{"grant": None, "amount": "100.00"}]}
    assert prospect.after == {"shares": [{"grant": "G/1", "amount": "75.00"}, {"grant": None, "amount": "25.00"}]}
    same = of_correction("shares", {}, facts({None: Decimal("100.00")}), {})
    assert (same.before, same.after) == ({}, {})


def test_a_price_that_cannot_be_split_is_refused() -> None:
    free = facts({5: Decimal(0)}, price=Decimal(0))
    refusal = of_correction("price", Decimal(5), free, {}).refusal
    assert refusal
    assert refusal.code == "grant.shares_needed"


def test_a_withdrawn_piece_is_not_corrected() -> None:
    refusal = of_correction("category", "meble", facts(lifecycle="withdrawn"), {}).refusal
    assert refusal
    assert refusal.code == "asset.withdrawn"


def test_a_note_that_grows_too_long_is_refused() -> None:
    full = facts(note="x" * LONGEST_NOTE)
    refusal = of_correction("note", "y", full, {}).refusal
    assert refusal
    assert refusal.code == "request.bad_field"
    assert columns_of("note", "y", full)["note"].endswith("\ny")


def test_a_value_comes_back_from_json() -> None:
    assert value_of("warranty_until", "2027-01-01") == date(2027, 1, 1)
    assert value_of("accepted_on", None) is None
    assert value_of("price", "1.50") == Decimal("1.50")
    assert value_of("shares", {"5": "75"}) == {5: Decimal(75)}
    assert value_of("category", "x") == "x"


def test_a_refusal_keeps_its_words() -> None:
    refusal = Conflict(
        "asset.state", transition="mend", lifecycle=Term("in_use", "in use"), condition=Term("ok", "working")
    )
    back = unpacked(packed(refusal.code, refusal.params))
    assert str(back) == str(refusal)
    assert isinstance(back.params["condition"], Term)
    reason = Reason("it is longer than {limit} characters", limit=4)
    field = unpacked(packed("request.bad_field", {"field": "note", "reason": reason, "at": date(2027, 1, 1)}))
    assert field.params["reason"].params == {"limit": 4}
    assert unpacked({"code": "gone.code", "params": {}}).code == "request.stale"


@pytest.mark.parametrize(
    ("template", "columns", "after", "code"),
    [
        ("{seq}", {}, {"inventory_no": ""}, None),
        ("{seq}", {"inventory_no": "A/1"}, {}, None),
        ("{kst}/{seq}", {"inventory_no": "A/1"}, {}, None),
        ("{kst}/{seq}", {}, {}, "numbering.no_kst"),
        ("{seq}", {"accepted_on": date(1999, 1, 1)}, {}, "numbering.no_scheme"),
        ("{seq}", {"inventory_no": "A/1", "lifecycle": "withdrawn"}, {}, "asset.withdrawn"),
    ],
)
def test_a_piece_without_a_number_gets_one_where_a_rule_holds(
    template: str, columns: dict[str, Any], after: dict[str, Any], code: str | None
) -> None:
    piece = facts(**columns)
    schemes = [NumberScheme(1, "KPUW", (), template, date(2022, 1, 1))]
    prospect = of_numbering(schemes, "KPUW", piece, date(2026, 1, 1))
    assert (prospect.after, prospect.refusal and prospect.refusal.code) == (after, code)
