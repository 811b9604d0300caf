"""While nobody has an account every page leads to the set-up, and programs are told so. In plain ASGI: it stands before
every request, and asks the database until somebody has an account, and not again.
"""

from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from registry.core.errors import Unavailable
from registry.people.queries import has_people
from web.kit.errors import answer, is_of_programs

# what is answered all the same: the set-up, what it is drawn with, and whoever asks whether Izba is alive
OPEN = (
    "/setup",
    "/static/",
    "/help",
    "/preferences",
    "/healthz",
    "/readyz",
    "/metrics",
    "/favicon.ico",
    "/api/v1/openapi.json",
)


class SetUpGate:
    """Wraps the site of an office that is set up by its page."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.is_set_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.is_set_up or scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self.app(scope, receive, send)
            return
        self.is_set_up = await has_people()
        if self.is_set_up:
            await self.app(scope, receive, send)
            return
        await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if is_of_programs(request):
            return answer(request, Unavailable("setup.needed"))
        return RedirectResponse("/setup", 303)
