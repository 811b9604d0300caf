"""One account that is written about by several at the same moment."""

import asyncio

import pytest

from registry.core import seals
from registry.core.errors import Unavailable
from registry.core.history import SYSTEM
from registry.people.actions import issue_token
from registry.people.models import Token
from tests.make import NOW, make_person

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_whoever_comes_second_is_asked_to_try_again() -> None:
    person = await make_person()
    answers = await asyncio.gather(
        *(issue_token(person.login, f"token {number}", SYSTEM, NOW) for number in range(6)), return_exceptions=True
    )
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert all(isinstance(one, Unavailable) for one in refused), refused
    assert len(refused) < 6
    assert await seals.verify() == (6 - len(refused), None)
    assert await Token.all().count() == 6 - len(refused)
