"""What events are told is noted."""

from collections.abc import Iterator

import pytest

from registry.core import events
from tests.conftest import Database


@pytest.fixture
def event_log(database: Database) -> Iterator[list[events.Event]]:
    """The events of this test, in the order in which they were told."""
    log: list[events.Event] = []
    leave = events.on(log.append)
    yield log
    leave()
