"""Connections to PostgreSQL as the pool keeps them."""

import asyncpg
import pytest
from tortoise.connection import get_connections

from tests.conftest import Database


@pytest.mark.databases("postgres")
async def test_a_connection_goes_back_to_its_pool_without_a_word_to_the_server(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg.Connection, "reset", _never)
    connection = get_connections().get("default")
    for _ in range(3):
        assert await connection.execute_query_dict("SELECT 1 AS one") == [{"one": 1}]


@pytest.mark.databases("postgres")
async def test_a_transaction_that_was_left_open_does_not_go_on_with_the_next_query(database: Database) -> None:
    connection = get_connections().get("default")
    before = await connection.execute_query_dict("SELECT txid_current() AS number")
    async with connection.acquire_connection() as borrower:
        await borrower.execute("BEGIN")
        await borrower.execute("CREATE TABLE left_over (id int)")
    after = await connection.execute_query_dict("SELECT txid_current() AS number, to_regclass('left_over') AS relation")
    assert after[0]["number"] > before[0]["number"] + 1
    assert after[0]["relation"] is None


async def _never(*_args: object, **_options: object) -> None:
    raise AssertionError("the server was asked to forget")
