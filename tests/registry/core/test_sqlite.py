"""A connection of SQLite is as Izba wants it, or there is none."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from tortoise.exceptions import OperationalError

from registry.core.sqlite import Client


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(str(tmp_path / "a.sqlite3"), connection_name="default", synchronous="FULL", busy_timeout="no such")


async def test_one_that_could_not_be_made_ready_is_not_used(client: Client) -> None:
    """It would write without durable commits, foreign keys and patience."""
    with pytest.raises(sqlite3.OperationalError):
        await client.create_connection(with_db=True)
    client.pragmas |= {"busy_timeout": "7"}
    await client.create_connection(with_db=True)
    try:
        assert (await client.execute_query_dict("PRAGMA busy_timeout"))[0]["timeout"] == 7
    finally:
        await client.close()


async def test_nobody_waits_for_a_connection_that_could_not_be_made(client: Client) -> None:
    with pytest.raises(OperationalError):
        await client.execute_query("SELECT 1")
    client.pragmas |= {"busy_timeout": "7"}
    try:
        async with asyncio.timeout(30):
            await client.execute_query("SELECT 1")
    finally:
        await client.close()
