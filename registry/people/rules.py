"""What each role may do, and what a login and a password must be like. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta

from registry.core.errors import Invalid, Refusal
from registry.people.models import Role

# an office behind one address slips more often than one of its people, and nobody far away locks an account easily
ADDRESS_FACTOR, LOGIN_FACTOR = 5, 10
SLOW_SECONDS = 10
MINIMUM_PASSWORD = 12
MAXIMUM_PASSWORD = 1000

_LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{1,63}")

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
    "bookings.block": frozenset({COORDINATOR, FACILITIES, ADMIN}),
    # of the Help Point's rooms: who comes, when and what for is read by those alone who work there
    "help_point.see": frozenset({DUTY, COORDINATOR, ADMIN}),
    "help_point.book": frozenset({DUTY, COORDINATOR, ADMIN}),
    "duties.see": frozenset({DUTY, COORDINATOR, AUDITOR, ADMIN}),
    # assets
    "assets.see": EVERYONE,
    "assets.see_money": frozenset({COORDINATOR, FACILITIES, ACCOUNTANT, AUDITOR, ADMIN}),
    "assets.change": frozenset({FACILITIES, ADMIN}),
    "assets.correct_money": frozenset({FACILITIES, ACCOUNTANT, ADMIN}),  # a setting leaves it to the accountant alone
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
    "people.see": frozenset({COORDINATOR, AUDITOR, ADMIN}),
    "people.manage": frozenset({ADMIN}),
    "office.manage": frozenset({ADMIN}),  # setting up, settings, the state of the system
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
    return bool(_LOGIN.fullmatch(login))


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
