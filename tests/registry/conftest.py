"""What events are told is noted."""

from collections.abc import AsyncIterator

import pytest

from registry.core import events
from tests.conftest import Database


@pytest.fixture
async def event_log(database: Database) -> AsyncIterator[list[events.Event]]:
    """The events of this test, in the order in which they were told."""
    log: list[events.Event] = []
    leave = events.on(log.append)
    yield log
    leave()
