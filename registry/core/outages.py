"""The database away or full: told as one refusal to whoever asks, and as one line in the log.

Whatever its driver raises in whatever place, ``reason_of`` knows it. An outage begins with the first such fault and
ends with a commit that follows some seconds without one.
"""

import logging
import sqlite3
import time
import traceback
from collections.abc import Iterator

import asyncpg

from registry.core.errors import N_, Reason, Unavailable
from registry.core.system_reasons import system_reason

log = logging.getLogger(__name__)

_SQLITE = {
    "unable to open database file": N_("its file cannot be opened"),
    "file is not a database": N_("its file holds something else than a database"),
    "malformed": N_("its file is damaged"),
    "disk is full": N_("the disk is full"),
    "disk I/O error": N_("the disk does not take or give what it should"),
    "readonly": N_("its file is read-only"),
    "undid the shared transaction": N_("it could not write, and undid what was being written"),
}
_POSTGRES: dict[type[Exception], str] = {
    asyncpg.InvalidPasswordError: N_("it does not take the password"),
    asyncpg.InvalidAuthorizationSpecificationError: N_("it does not let this user in"),
    asyncpg.InvalidCatalogNameError: N_("it has no database of this name"),
    asyncpg.TooManyConnectionsError: N_("it takes no more connections"),
    asyncpg.CannotConnectNowError: N_("it is starting or stopping"),
    asyncpg.AdminShutdownError: N_("it is starting or stopping"),
    asyncpg.CrashShutdownError: N_("it is starting or stopping"),
    asyncpg.DiskFullError: N_("the disk is full"),
    asyncpg.InsufficientResourcesError: N_("it lacks memory, disk or connections"),
    asyncpg.ReadOnlySQLTransactionError: N_("it takes no writes"),
    asyncpg.PostgresConnectionError: N_("the connection was cut"),
    asyncpg.PostgresIOError: N_("the disk does not take or give what it should"),
}
CALM_SECONDS = 10.0
_CLOSED = ("clos", "released", "terminat")


class _Outage:
    """Whether the database is away now. One for the process: it has one database."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.latest = 0.0


_outage = _Outage()


def reason_of(fault: BaseException) -> Reason | None:
    """Why the database does not answer or takes nothing, None for a fault of another kind."""
    for cause in _causes(fault):
        if isinstance(cause, Unavailable) and cause.code == "database.away":
            reason: Reason = cause.params["reason"]
            return reason
        for kind, text in _POSTGRES.items():
            if isinstance(cause, kind):
                return Reason(text)
        # what its driver raises of a connection that breaks while it is used
        if isinstance(cause, asyncpg.InternalClientError):
            return Reason(N_("the connection was cut"))
        if isinstance(cause, asyncpg.InterfaceError) and any(word in str(cause) for word in _CLOSED):
            return Reason(N_("the connection was cut"))
        if isinstance(cause, sqlite3.Error):
            return next((Reason(words) for part, words in _SQLITE.items() if part in str(cause)), None)
        if isinstance(cause, OSError) and _is_of_driver(cause):
            return Reason(N_("it took too long")) if isinstance(cause, TimeoutError) else system_reason(cause)
    return None


def _causes(fault: BaseException) -> Iterator[BaseException]:
    """The fault, and what it came of: the ORM wraps what its driver raised, and a rollback may fail after it."""
    ids: set[int] = set()
    waiting = [fault]
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in ids:
            continue
        ids.add(id(cause))
        yield cause
        wrapped = [part for part in cause.args if isinstance(part, BaseException)]
        waiting += [part for part in (*wrapped, cause.__cause__, cause.__context__) if part is not None]


def _is_of_driver(fault: OSError) -> bool:
    """Whether PostgreSQL's driver met it, not a file or a broker."""
    return any("asyncpg" in frame.f_code.co_filename for frame, _ in traceback.walk_tb(fault.__traceback__))


def refusal_of(fault: BaseException) -> Unavailable | None:
    """What to tell whoever asks, None when the fault is of another kind. The first one of an outage is logged."""
    reason = reason_of(fault)
    if reason is None:
        return None
    begin(reason)
    return Unavailable("database.away", reason=reason)


def begin(reason: str) -> None:
    """Log that the database is away, unless that is known."""
    _outage.latest = time.monotonic()
    if _outage.since is None:
        _outage.since = time.monotonic()
        log.error("the database is away: %s; whoever asks is told to come again, this is logged once", reason)


def over() -> None:
    """Something was committed. Log that the database answers again, if it was away and nothing failed for a while: on
    a full disk this commit may fit in and the next may not.
    """
    now = time.monotonic()
    if _outage.since is not None and now - _outage.latest > CALM_SECONDS:
        seconds = _outage.latest - _outage.since
        _outage.since = None
        log.warning("the database answers again, after %.1f s", seconds)


class OncePerOutage(logging.Filter):
    """Leaves out what every part of the program would say of one outage, each with a traceback of its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        faults = list(record.args) if isinstance(record.args, tuple) else []
        if record.exc_info and record.exc_info[1]:
            faults.append(record.exc_info[1])
        reasons = [reason_of(fault) for fault in faults if isinstance(fault, BaseException)]
        reason = next((reason for reason in reasons if reason), None)
        if reason is not None:
            begin(reason)
        return reason is None
