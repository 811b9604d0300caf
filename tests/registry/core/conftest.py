"""Two tasks that are cancelled at every step need two connections before they begin."""

import pytest


@pytest.fixture
def connections() -> int:
    return 2
