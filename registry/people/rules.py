"""What each role may do, and what a login and a password must be like. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal
from registry.outbox.rules import ADDRESS_LENGTH, is_address
from registry.people.models import Role

# an office behind one address slips more often than one of its people, and nobody far away locks an account easily
ADDRESS_FACTOR, LOGIN_FACTOR = 5, 10
SLOW_SECONDS = 10
MINIMUM_PASSWORD = 12
MAXIMUM_PASSWORD = 1000
MAXIMUM_CODE = 40

# whose page would be another: /admin/people/new
NEW = "new"
PAGES_OF_PEOPLE = frozenset({NEW, "slips"})
_LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{1,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CODE = re.compile(r"[\w.&+-]+( [\w.&+-]+)*")
LONGEST_NAME, LONGEST_MAIL, LONGEST_LANGUAGES = 120, ADDRESS_LENGTH, 40
LONGEST_OF_INSTITUTION = {"name": 200, "name_en": 200, "part": 100}

MEMBER, DUTY, COORDINATOR = Role.MEMBER, Role.DUTY, Role.COORDINATOR
FACILITIES, ACCOUNTANT, AUDITOR, ADMIN = Role.FACILITIES, Role.ACCOUNTANT, Role.AUDITOR, Role.ADMIN
EVERYONE = frozenset(Role)
WORKING = EVERYONE - {AUDITOR}  # an auditor reads all and changes nothing

CAPABILITIES: dict[str, frozenset[Role]] = {
    # rooms and bookings
    "rooms.see": EVERYONE,
    "rooms.manage": frozenset({COORDINATOR, ADMIN}),
    "bookings.make": WORKING,
    "bookings.manage": frozenset({COORDINATOR, ADMIN}),
    "bookings.for_another": frozenset({COORDINATOR, ADMIN}),
    "bookings.for_colleague": WORKING,  # of one's own institution
    "bookings.block": frozenset({COORDINATOR, FACILITIES, ADMIN}),
    "blocks.see": frozenset({DUTY, COORDINATOR, FACILITIES, AUDITOR, ADMIN}),  # with the reason that stays inside
    "works.see": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "works.manage": frozenset({COORDINATOR, FACILITIES, ADMIN}),
    # of the Help Point's rooms: who comes, when and what for is read by those alone who work there
    "help_point.see": frozenset({DUTY, COORDINATOR, ADMIN}),
    "help_point.book": frozenset({DUTY, COORDINATOR, ADMIN}),
    "duties.see": frozenset({DUTY, COORDINATOR, AUDITOR, ADMIN}),
    # assets
    "assets.see": EVERYONE,
    "assets.see_money": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "assets.change": frozenset({FACILITIES, ADMIN}),
    "assets.dispose": frozenset({FACILITIES, ADMIN}),
    "durability.override": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, ADMIN}),  # two of two roles together
    "documents.see": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),  # others see what they sign
    "documents.sign": WORKING,
    "documents.sign_accounts": frozenset({ACCOUNTANT, ADMIN}),
    "documents.cancel": frozenset({FACILITIES, ADMIN}),
    "assets.correct_money": frozenset({FACILITIES, ACCOUNTANT, ADMIN}),  # a setting leaves it to the accountant alone
    "stocktakes.see": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),  # who counts sees theirs
    "stocktakes.order": frozenset({FACILITIES, ADMIN}),
    "stocktakes.count": WORKING - {ACCOUNTANT},  # as far as they are of the committee
    "stocktakes.value": frozenset({ACCOUNTANT, ADMIN}),
    "depreciation.see": frozenset({ACCOUNTANT, AUDITOR, ADMIN}),
    "labels.print": frozenset({FACILITIES, ADMIN}),
    "assets.export": frozenset({FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "due.see_all": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "files.change": frozenset({FACILITIES, ACCOUNTANT, ADMIN}),  # photos and papers of assets
    "faults.report": WORKING,
    "faults.see_all": frozenset({DUTY, COORDINATOR, FACILITIES, AUDITOR, ADMIN}),  # also out of shy rooms, with names
    "faults.manage": frozenset({FACILITIES, ADMIN}),
    "imports.run": frozenset({FACILITIES, ADMIN}),
    "grants.see": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    # devices, panels
    "devices.see": frozenset({COORDINATOR, FACILITIES, AUDITOR, ADMIN}),
    "devices.manage": frozenset({FACILITIES, ADMIN}),
    "panels.pair": frozenset({COORDINATOR, FACILITIES, ADMIN}),
    # the rest
    "history.see": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "history.see_all": frozenset({COORDINATOR, AUDITOR, ADMIN}),
    "people.see": frozenset({COORDINATOR, AUDITOR, ADMIN}),
    "people.manage": frozenset({ADMIN}),
    "office.manage": frozenset({ADMIN}),  # setting up, settings, the state of the system
    "office.see": frozenset({COORDINATOR, AUDITOR, ADMIN}),  # the index of what an office sets itself up with
}


@dataclass(frozen=True, slots=True)
class SignInRules:
    """How many sign-ins of one login from one address may fail within the window before it must wait, and how long a
    session lasts. One address may fail ``ADDRESS_FACTOR`` times as often with all its logins, one login
    ``LOGIN_FACTOR`` times as often from all addresses; from then on they are slowed down to one attempt in
    ``SLOW_SECONDS``, so that nobody shuts out everybody behind an address, or a login's owner.
    """

    attempts: int = 5
    window_minutes: int = 15
    session_hours: int = 12

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)

    @property
    def session(self) -> timedelta:
        return timedelta(hours=self.session_hours)

    def is_too_many(self, of_both: int) -> bool:
        """Whether these are too many attempts of one login from one address within the window, this one included."""
        return of_both > self.attempts

    def is_slowed(self, of_address: int, of_login: int) -> bool:
        """Whether an address or a login has so many attempts within the window that it is slowed down."""
        return of_address > self.attempts * ADDRESS_FACTOR or of_login > self.attempts * LOGIN_FACTOR


def may(role: Role | str, what: str) -> bool:
    """Whether a role has a capability of the table. Raises KeyError for one that is not in it."""
    return Role(role) in CAPABILITIES[what]


def plain_login(login: str) -> str:
    """A login as it is stored and compared: without blanks around it, in lower case."""
    return login.strip().lower()


def is_login(login: str) -> bool:
    """Whether a plain login may be one: the rule of every way that an account comes in."""
    return bool(_LOGIN.fullmatch(login)) and login not in PAGES_OF_PEOPLE


def grantable_roles(role: Role | str) -> frozenset[Role]:
    """The roles that somebody of this role may give to accounts: all, or only that of a member."""
    return EVERYONE if may(role, "people.manage") else frozenset({Role.MEMBER})


def account_faults(login: str, role: str, password: str | None) -> list[Refusal]:
    """Every reason why an account cannot be like this. ``login`` is plain; no password means that nobody signs in."""
    faults: list[Refusal] = []
    if not is_login(login):
        faults.append(Invalid("person.bad_login", login=login[:80]))
    if role not in set(Role):
        faults.append(Invalid("person.bad_role", role=role[:80], roles=", ".join(Role)))
    if password is not None:
        faults += password_faults(password)
    return faults


def password_faults(password: str) -> list[Refusal]:
    """Length alone: composition rules and forced changes make passwords worse (NIST SP 800-63B, 3.1.1.2)."""
    if len(password) < MINIMUM_PASSWORD:
        return [Invalid("person.weak_password", minimum=MINIMUM_PASSWORD)]
    if len(password) > MAXIMUM_PASSWORD:
        return [Invalid("request.bad_field", field="password", reason=f"> {MAXIMUM_PASSWORD}")]
    return []


def plain_account(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an account as they are stored: without blanks around them, languages parted by commas."""
    plain = dict(columns)
    for name in ("name", "mail"):
        if name in plain:
            plain[name] = plain[name].strip(" ")
    if "languages" in plain:
        codes = plain["languages"].split(",") if isinstance(plain["languages"], str) else plain["languages"]
        plain["languages"] = ",".join(dict.fromkeys(code.strip().lower() for code in codes if code.strip()))
    return plain


def change_faults(columns: Mapping[str, Any]) -> list[Refusal]:
    """Every reason why plain columns of an account cannot be like this; one that is not there is not looked at."""
    faults: list[Refusal] = []
    if "name" in columns:
        faults += _text_faults("name", columns["name"], LONGEST_NAME, is_needed=True)
    if "role" in columns and columns["role"] not in set(Role):
        faults.append(Invalid("person.bad_role", role=str(columns["role"])[:80], roles=", ".join(Role)))
    mail = columns.get("mail") or ""
    if mail and not is_address(mail):
        faults.append(Invalid("person.bad_mail", mail=" ".join(mail.split())[:80]))
    languages = columns.get("languages") or ""
    strange = [code for code in languages.split(",") if code and not _LANGUAGE.fullmatch(code)]
    if strange or len(languages) > LONGEST_LANGUAGES:
        faults.append(Invalid("person.bad_languages", given=(strange or [languages])[0][:40]))
    return faults


class AccountState(StrEnum):
    """How an account stands, as people are told."""

    NEW = "new"  # nobody was invited yet
    INVITED = "invited"
    LAPSED = "lapsed"  # the invitation is over, and was not used
    ACTIVE = "active"
    ENDED = "ended"  # its last day is over
    CLOSED = "closed"


def account_state(
    is_active: bool, active_until: datetime | None, has_password: bool, link_until: datetime | None, now: datetime
) -> AccountState:
    """How an account stands; ``link_until`` is when its invitation is over, None where none waits."""
    if not is_active:
        return AccountState.CLOSED
    if not is_open(is_active, active_until, now):
        return AccountState.ENDED
    if has_password:
        return AccountState.ACTIVE
    if link_until is None:
        return AccountState.NEW
    return AccountState.INVITED if now < link_until else AccountState.LAPSED


def end_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """When an account ends whose last day this is: at midnight, in UTC."""
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC) if day else None


def last_day(until: datetime | None, zone: ZoneInfo) -> date | None:
    """The last day on which an account works that gets in until an instant."""
    return (until - timedelta(microseconds=1)).astimezone(zone).date() if until else None


def is_open(is_active: bool, active_until: datetime | None, now: datetime) -> bool:
    """Whether somebody with such an account gets in."""
    return is_active and (active_until is None or now < active_until)


def manager_faults(ends: Sequence[datetime | None], name: str) -> list[Refusal]:
    """Why a change of the account of ``name`` cannot be, by the ends of those who would manage people after it."""
    return [] if any(end is None for end in ends) else [Conflict("person.last_administrator", name=name)]


def plain_institution(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of an institution without blanks around them."""
    return {name: value.strip() if isinstance(value, str) else value for name, value in columns.items()}


def code_faults(code: str) -> list[Refusal]:
    """Every reason why an institution cannot have this code."""
    is_code = len(code) <= MAXIMUM_CODE and _CODE.fullmatch(code) and code.isprintable() and code != NEW
    return [] if is_code else [Invalid("institution.bad_code", given=" ".join(code.split())[:80])]


def institution_faults(columns: Mapping[str, Any]) -> list[Refusal]:
    """Every reason why plain columns of an institution cannot be like this."""
    faults: list[Refusal] = []
    for name, longest in LONGEST_OF_INSTITUTION.items():
        if name in columns:
            faults += _text_faults(name, columns[name], longest, is_needed=name == "name")
    return faults


def _text_faults(field: str, text: str, longest: int, *, is_needed: bool) -> list[Refusal]:
    if not text:
        return [Invalid("request.missing_field", field=field)] if is_needed else []
    if not text.isprintable():
        return [
            Invalid("request.bad_field", field=field, reason=Reason(N_("it holds characters that cannot be shown")))
        ]
    if len(text) > longest:
        reason = Reason(N_("it is longer than {limit} characters"), limit=longest)
        return [Invalid("request.bad_field", field=field, reason=reason)]
    return []
