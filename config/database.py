"""The database: where it is, opening and closing it, and bringing it up to date under a lock."""

import asyncio
import fcntl
import os
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext, set_global_context
from tortoise.exceptions import BaseORMException, ConfigurationError
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.transactions import in_transaction

import registry.migrations
from config.faults import database_reason
from config.migrating import PatientExecutor
from registry.core.context import OpenRegister
from registry.core.errors import Unavailable

MODELS = [
    "registry.core.history",
    "registry.core.idempotency",
    "registry.core.drafts",
    "registry.outbox.models",
    "registry.people.models",
    "registry.rooms.models",
    "registry.grants.models",
    "registry.files.models",
    "registry.categories.models",
    "registry.assets.models",
    "registry.documents.models",
    "registry.faults.models",
    "registry.feeds.models",
    "registry.sets.models",
    "registry.bulk_changes.models",
    "registry.saved_views.models",
    "registry.labels.models",
    "registry.devices.models",
    "registry.scans.models",
    "registry.importing.models",
    "registry.duties.models",
    "registry.bookings.models",
    "registry.works.models",
    "registry.stocktakes.models",
    "registry.plans.models",
    "registry.office.models",
]


def orm(url: str) -> dict[str, Any]:
    """Tortoise's configuration for a database URL, with the pragmas and pool sizes that Izba wants."""
    connections = {"default": _connection(with_defaults(url))}
    if reads_apart(url):
        # the index of asset names is 9 MB at 100 000 of them, and SQLite keeps 2 of its own accord
        connections["reader"] = _connection(with_defaults(url, query_only="ON", cache_size="-16000"))
    return {
        "connections": connections,
        "routers": ["registry.core.transaction.Reads"] if reads_apart(url) else [],
        "apps": {"registry": {"models": MODELS, "default_connection": "default", "migrations": "registry.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


def _connection(url: str) -> dict[str, Any]:
    connection: dict[str, Any] = expand_db_url(url)
    if url.startswith("sqlite"):
        return {**connection, "engine": "registry.core.sqlite_group_commit"}
    return {**connection, "credentials": {**connection["credentials"], "reset": _as_it_is}}


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Nothing is asked of a connection that goes back to its pool; asyncpg itself still ends a transaction that it left
    open. To have it forget its settings and locks, which nothing here sets, took as long as many a query.
    """


def reads_apart(url: str) -> bool:
    """Whether reads have a connection of their own: on a SQLite file, where a writer would make them wait."""
    return url.startswith("sqlite") and ":memory:" not in url


def with_defaults(url: str, **more: str) -> str:
    """The URL with durable commits, a patient lock and a pool; what the URL itself says wins."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        query = {
            "journal_mode": "WAL", "synchronous": "FULL", "busy_timeout": "15000", "foreign_keys": "ON",
            "wal_autocheckpoint": "4000", "journal_size_limit": "67108864",
        }  # fmt: skip
    else:
        # jit: a list query with joins took 1.2 s with it and 0.05 s without
        query = {"minsize": "2", "maxsize": "12", "statement_cache_size": "200"}
    query |= more | dict(parse_qsl(parts.query))
    return urlunsplit(parts._replace(query=urlencode(query)))


TORTOISE_ORM = orm(os.environ.get("IZBA_DATABASE_URL", "sqlite://var/izba.sqlite3"))  # for tortoise makemigrations


@asynccontextmanager
async def database(url: str) -> AsyncIterator[TortoiseContext]:
    """The register's database, open. Closed whatever happens, else SQLite's thread keeps the process alive.

    Raises Unavailable("database.away") when it does not answer.
    """
    _try_to_open(sqlite_path(url))
    EXECUTOR_CACHE.clear()  # the library's statements, in the words of the database that was open before
    async with OpenRegister() as register:
        await register.init(config=orm(url))
        with suppress(ConfigurationError):  # another one is open: what no task of this one starts, works on that
            set_global_context(register)
        try:
            try:
                await register.db("default").execute_query("SELECT 1")
            except (BaseORMException, OSError, asyncpg.PostgresError, sqlite3.Error) as fault:
                raise Unavailable("database.away", reason=database_reason(fault)) from fault
            yield register
        finally:
            await _close(register)


async def _close(register: TortoiseContext) -> None:
    """The reader before the writer: SQLite copies its log into the file when the last connection closes, and of two
    that close at once neither is the last.
    """
    for name in ("reader", "default"):
        if name in register.connections.db_config:
            await register.db(name).close()


def _try_to_open(path: Path | None) -> None:
    """Find out what is wrong with a SQLite file before the library's thread does, which would outlive its loop."""
    if path is None or str(path) == ":memory:":
        return
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as fault:
        raise Unavailable("database.away", reason=database_reason(fault)) from fault


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL, or None for another database."""
    return Path(url.removeprefix("sqlite://").split("?")[0]) if url.startswith("sqlite://") else None


async def migrate(context: TortoiseContext, url: str) -> list[str]:
    """Apply what is missing, safe when several start at once. Returns the names that were applied.

    Raises Unavailable("database.newer") when the database knows migrations that this Izba does not.
    """
    async with _migration_lock(url):
        migrations = await pending(context)
        if migrations:
            await _apply(context, url)
        return migrations


async def _apply(context: TortoiseContext, url: str) -> None:
    """All of it, and the note that it is done, or nothing: who dies in the middle finds the database as it was."""
    apps = orm(url)["apps"]
    first = PatientExecutor(context.db("default"), apps)
    # looking for a table that is not there would end a transaction of PostgreSQL
    await first.recorder.ensure_schema(first._schema_editor(atomic=False))
    async with in_transaction("default") as whole:
        if sqlite_path(url):  # its scripts end the transaction that they run in; the library's only one is a statement
            setattr(whole, "execute_script", whole.execute_query)  # noqa: B010  # of this transaction alone
        await PatientExecutor(whole, apps).migrate(direction="forward")


async def pending(context: TortoiseContext) -> list[str]:
    """Names of the migrations that the database lacks.

    Raises Unavailable("database.newer") when the database is ahead of this code.
    """
    shipped = {module.name for module in pkgutil.iter_modules(registry.migrations.__path__)}
    applied = {key.name for key in await MigrationRecorder(context.db("default")).applied_migrations()}
    ahead = sorted(applied - shipped)
    if ahead:
        raise Unavailable("database.newer", migration=ahead[-1])
    return sorted(shipped - applied)


@asynccontextmanager
async def _migration_lock(url: str) -> AsyncIterator[None]:
    path = sqlite_path(url)
    if path is None:
        connection = await asyncpg.connect(url.split("?")[0])
        try:
            await connection.execute("SELECT pg_advisory_lock(7381214)")
            yield
        finally:
            await connection.close()
        return
    if ":memory:" in str(path):
        yield
        return
    lock = await asyncio.to_thread(open, f"{path}.lock", "w")
    try:
        await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
        yield
    finally:
        lock.close()
