"""Which faults mean that the database is away, and what the log says of it."""

import logging
import sqlite3
import time

import asyncpg
import pytest
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

from registry.core import outages
from registry.core.errors import Unavailable
from registry.core.outages import OncePerOutage, reason_of


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OperationalError(sqlite3.OperationalError("database or disk is full")), "disk is full"),
        (TransactionManagementError(sqlite3.OperationalError("disk I/O error")), "disk does not take"),
        (OperationalError(sqlite3.OperationalError("attempt to write a readonly database")), "read-only"),
        (sqlite3.DatabaseError("database disk image is malformed"), "damaged"),
        (asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), "connection was cut"),
        (asyncpg.InterfaceError("cannot perform operation: connection is closed"), "connection was cut"),
        (asyncpg.InternalClientError("cannot switch to state 12"), "connection was cut"),
        (asyncpg.AdminShutdownError("terminating connection"), "starting or stopping"),
        (asyncpg.DiskFullError("could not extend file"), "disk is full"),
        (DBConnectionError(asyncpg.InvalidPasswordError("no")), "password"),
        (Unavailable("database.away", reason="x"), "x"),
        (ValueError("a mistake of ours"), None),
        (OperationalError(sqlite3.OperationalError("no such column: x")), None),
        (asyncpg.InterfaceError("cannot perform operation: another operation is in progress"), None),
        (FileNotFoundError("a file of ours"), None),
    ],
)
def test_which_faults_are_an_outage(fault: Exception, words: str | None) -> None:
    reason = reason_of(fault)
    assert reason is None if words is None else words in str(reason)


def test_a_fault_that_follows_an_outage_is_of_it() -> None:
    with pytest.raises(RuntimeError) as raised:
        try:
            raise asyncpg.ConnectionDoesNotExistError("gone")
        finally:
            raise RuntimeError("the rollback failed too")
    assert reason_of(raised.value) is not None


def test_an_outage_is_one_line_and_its_end_another(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outages, "_outage", outages._Outage())
    clock = time.monotonic()
    monkeypatch.setattr(outages.time, "monotonic", lambda: clock)
    caplog.set_level(logging.INFO)
    log, gone = logging.getLogger("izba.tests"), asyncpg.ConnectionDoesNotExistError("gone")
    caplog.handler.addFilter(once := OncePerOutage())
    try:
        for _ in range(3):
            log.exception("a job failed", exc_info=gone)
            log.warning("cannot ask: %s", gone)
            assert outages.refusal_of(gone)
        outages.over()
        assert [record.name for record in caplog.records] == ["registry.core.outages"], "not over: it failed just now"
        clock += 11
        outages.over()
        outages.over()
        log.warning("something else: %s", 7)
    finally:
        caplog.handler.removeFilter(once)
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "WARNING"]
