"""What time it is for a request, by the clock that the site was made with."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from registry.core.clock import Clock


def now_of(request: Request) -> datetime:
    """The instant of this request, as UTC."""
    clock: Clock = request.app.state.clock
    return clock()


async def _now(request: Request) -> datetime:
    return now_of(request)  # a dependency that is no coroutine would cost every request a thread


Now = Annotated[datetime, Depends(_now)]
