"""Which routes an address may have, by its first word: of five hundred a request tries some ten.

The framework tries one route after the other, which took longer than many an answer. Each first word (``rooms`` of
``/rooms/KP-1``, ``assets`` of ``/api/v1/assets/7``) has a router of its own with the routes that can have it, in the
same order, so each address leads where it would have led. It is made when such an address is first asked for, beside
the loop: its modules may have to be loaded.
"""

from collections.abc import Callable, Iterable

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

API = ("api", "v1")


class RouteIndex:
    """Answers for a router: with its own routes, and with those that ``routes_of`` names for a word. No route is
    mounted above such a word, and none begins with a parameter.
    """

    def __init__(self, router: APIRouter, routes_of: Callable[[str], Iterable[BaseRoute]]) -> None:
        self._router = router
        self._routes_of = routes_of
        self._routers: dict[str, APIRouter] = {}

    def router_of(self, path: str) -> APIRouter:
        """The routes that an address may have."""
        word = word_of(path)
        if word in self._routers:
            return self._routers[word]
        candidates = (*self._router.routes, *self._routes_of(word))
        router = APIRouter(routes=[route for route in candidates if _word(route) in (word, None)])
        if any(_word(route) == word for route in candidates):  # words that nobody has are without number
            self._routers[word] = router
        return router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if word_of(path) in self._routers:
            await self.router_of(path).app(scope, receive, send)
        else:
            await (await run_in_threadpool(self.router_of, path)).app(scope, receive, send)


def word_of(path: str) -> str:
    """The word that stands for an address."""
    words = path.removeprefix("/").split("/", 3)
    return words[2] if (*words[:2],) == API and len(words) > 2 else words[0]


def _word(route: BaseRoute) -> str | None:
    """None where it has no address of its own, as a router within."""
    path = getattr(route, "path", None)
    return None if path is None else word_of(path)
