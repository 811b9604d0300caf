"""What roles may do and what accounts must be like, as tables."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.people import rules
from registry.people.models import Role
from tests.make import NOW

ROOT = Path(__file__).parents[3]
HOUR = timedelta(hours=1)
CHANGES = {
    "rooms.manage", "bookings.make", "bookings.manage", "bookings.for_another", "bookings.for_colleague",
    "bookings.block", "help_point.book",
    "works.manage", "stocktakes.order", "stocktakes.count", "stocktakes.value",
    "assets.change", "assets.correct_money", "files.change", "labels.print", "faults.report", "faults.manage",
    "imports.run", "assets.dispose", "durability.override", "documents.sign", "documents.sign_accounts",
    "documents.cancel",
    "devices.manage", "panels.pair", "people.manage", "office.manage",
}  # fmt: skip


def test_an_auditor_reads_all_but_who_comes_to_the_help_point_and_changes_nothing() -> None:
    for what in rules.CAPABILITIES:
        assert rules.may(Role.AUDITOR, what) == (what not in {*CHANGES, "help_point.see"}), what


def test_every_capability_is_asked_somewhere() -> None:
    """One that nothing asks says something of a role that is not so."""
    source = "".join(
        path.read_text()
        for folder in ("registry", "web", "devices", "config")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert [name for name in rules.CAPABILITIES if source.count(f'"{name}"') < 2] == []


def test_an_administrator_may_do_everything() -> None:
    assert all(rules.may("admin", what) for what in rules.CAPABILITIES)


@pytest.mark.parametrize(
    ("role", "what", "expected"),
    [
        ("member", "bookings.make", True),
        ("member", "help_point.see", False),
        ("member", "devices.see", False),
        ("member", "assets.see_money", False),
        ("duty", "help_point.see", True),
        ("duty", "bookings.manage", False),
        ("coordinator", "bookings.block", True),
        ("coordinator", "assets.change", False),
        ("facilities", "bookings.block", True),
        ("facilities", "bookings.manage", False),
        ("facilities", "help_point.see", False),
        ("accountant", "assets.export", True),
        ("accountant", "assets.change", False),
        ("accountant", "assets.correct_money", True),
        ("coordinator", "assets.correct_money", False),
        ("admin", "people.manage", True),
        ("coordinator", "people.manage", False),
    ],
)
def test_roles(role: str, what: str, expected: bool) -> None:
    assert rules.may(role, what) is expected


def test_an_unknown_capability_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        rules.may("admin", "bookings.fly")


@pytest.mark.parametrize("login", ["ab", "adwokat.dyzurny-1", "a" * 64, "2x"])
def test_good_logins(login: str) -> None:
    assert rules.account_faults(login, "member", None) == []


@pytest.mark.parametrize("login", ["", "a", ".ab", "a b", "Ab", "żuk", "a" * 65, "ab\n", "a/b", "new", "slips"])
def test_bad_logins(login: str) -> None:
    assert [fault.code for fault in rules.account_faults(login, "member", None)] == ["person.bad_login"]


def test_all_faults_are_told_together() -> None:
    faults = rules.account_faults("?", "boss", "short")
    assert [fault.code for fault in faults] == ["person.bad_login", "person.bad_role", "person.weak_password"]


@pytest.mark.parametrize(("length", "codes"), [(11, ["person.weak_password"]), (12, []), (1001, ["request.bad_field"])])
def test_passwords_by_length_alone(length: int, codes: list[str]) -> None:
    assert [fault.code for fault in rules.password_faults("x" * length)] == codes


def test_logins_are_compared_without_case() -> None:
    assert rules.plain_login("  Alice ") == "alice"


@pytest.mark.parametrize(
    ("account", "state"),
    [
        ((False, None, True, None), rules.AccountState.CLOSED),
        ((True, NOW - HOUR, True, None), rules.AccountState.ENDED),
        ((True, NOW + HOUR, True, None), rules.AccountState.ACTIVE),
        ((True, None, False, None), rules.AccountState.NEW),
        ((True, None, False, NOW + HOUR), rules.AccountState.INVITED),
        ((True, None, False, NOW), rules.AccountState.LAPSED),
    ],
)
def test_how_an_account_stands(account: tuple[Any, ...], state: rules.AccountState) -> None:
    assert rules.account_state(*account, now=NOW) is state
