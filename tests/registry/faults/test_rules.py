"""What may happen to a fault, as tables."""

import ast

import pytest

from registry.doors.view import FAULTS
from registry.faults import rules
from registry.faults.models import FaultAct, FaultState
from registry.people.models import Role
from tests.conftest import ROOT

OPEN, TAKEN, RESOLVED = FaultState
TAKE, RESOLVE, REOPEN = FaultAct.TAKE, FaultAct.RESOLVE, FaultAct.REOPEN


@pytest.mark.parametrize(
    ("state", "acts"), [(OPEN, (TAKE, RESOLVE)), (TAKEN, (RESOLVE, REOPEN)), (RESOLVED, (REOPEN,))]
)
def test_who_sees_to_faults_may_do_what_leads_on(state: FaultState, acts: tuple[FaultAct, ...]) -> None:
    for role in Role:
        manages = role in (Role.FACILITIES, Role.ADMIN)
        of_reporter = (REOPEN,) if state is RESOLVED and role is not Role.AUDITOR else ()
        assert rules.acts_of(state, role, False) == (acts if manages else ())
        assert rules.acts_of(state, role, True) == (acts if manages else of_reporter)


@pytest.mark.parametrize(
    ("state", "act", "is_own", "arrived"),
    [
        (TAKEN, TAKE, True, True), (TAKEN, TAKE, False, False), (OPEN, TAKE, True, False),
        (RESOLVED, RESOLVE, False, True), (OPEN, REOPEN, False, True), (TAKEN, REOPEN, True, False),
    ],
)  # fmt: skip
def test_what_is_there_already_is_not_done_again(state: FaultState, act: FaultAct, is_own: bool, arrived: bool) -> None:
    assert rules.has_arrived(state, act, is_own) is arrived


@pytest.mark.parametrize(
    ("number", "fault_id"),
    [
        ("U/00012", 12), (" u/12 ", 12), ("U 00012", 12), ("u12", 12), ("U/0", None), ("12", None), ("U/", None),
        ("U/99999999999", None), ("US12", None), ("U/١", None), ("", None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(number: str, fault_id: int | None) -> None:
    assert rules.id_of(number) == fault_id


def test_a_number_is_read_back() -> None:
    for fault_id in (1, 99_999, 100_000, 2**31 - 1):
        number = rules.number_of(fault_id)
        assert rules.id_of(number) == (fault_id if len(str(fault_id)) < 10 else None)


@pytest.mark.parametrize(
    ("kind", "text", "is_of_asset", "codes"),
    [
        ("light", "", False, []), ("", "x", False, []), ("", "", True, []), ("", " \n", False, ["fault.nothing_said"]),
        ("weather", "x", False, ["fault.bad_kind"]),
    ],
)  # fmt: skip
def test_a_report_must_say_something(kind: str, text: str, is_of_asset: bool, codes: list[str]) -> None:
    assert [refusal.code for refusal in rules.report_faults(kind, text, is_of_asset)] == codes


def test_what_was_reported_is_read_in_a_history_by_who_may_read_every_report() -> None:
    readers = {role for role in Role if rules.reads_reason(role, rules.REPORTED)}
    assert readers == {Role.DUTY, Role.COORDINATOR, Role.FACILITIES, Role.AUDITOR, Role.ADMIN}
    assert all(rules.reads_reason(role, "moved") for role in Role)


def test_a_door_offers_no_kind_that_a_fault_has_not() -> None:
    assert set(FAULTS) <= set(rules.KINDS)


def test_assets_change_together_with_their_faults() -> None:
    """The transition alone leaves a fault open on a thing that works, and a report without a record."""
    for folder in ("registry", "web", "devices", "config"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            # who leaves hands things over, works as they are, in one transaction with all else that hangs on them
            if path.parent in (ROOT / "registry" / "faults", ROOT / "registry" / "departures"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.module == "registry.assets.actions":
                    assert "passing" not in {alias.name for alias in node.names}, path
