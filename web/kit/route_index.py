"""Which routes an address may have, by its first word: of four hundred a request tries some ten.

The framework tries one route after the other, which took longer than many an answer. Each first word (``rooms`` of
``/rooms/KP-1``, ``assets`` of ``/api/v1/assets/7``) has a router of its own with the routes that can have it, in the
same order, so each address leads where it would have led.
"""

from fastapi import APIRouter
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

API = ("api", "v1")


class RouteIndex:
    """Answers for a router. No route is mounted above such a word."""

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._words: list[str] = []  # of the routes, in their order
        self._own_words: frozenset[str] = frozenset()
        self._routers: dict[str | None, APIRouter] = {}

    def router_of(self, path: str) -> APIRouter:
        """The routes that an address may have."""
        if len(self._words) != len(self._router.routes):  # at the first request
            self._words = [_word(_path(route)) for route in self._router.routes]
            self._routers = {}
            self._own_words = frozenset(word for word in self._words if "{" not in word)
        word = _word(path)
        part = word if word in self._own_words else None
        if part not in self._routers:
            self._routers[part] = self._part(part)
        return self._routers[part]

    def _part(self, word: str | None) -> APIRouter:
        """The routes with this word, or with none of those that routes have, and those whose word may be any."""
        pairs = zip(self._router.routes, self._words, strict=True)
        return APIRouter(routes=[route for route, own in pairs if "{" in own or own == word])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("root_path"):
            await self._router.app(scope, receive, send)
        else:
            scope["router"] = self._router
            await self.router_of(scope["path"]).app(scope, receive, send)


def _word(path: str) -> str:
    """The word that stands for an address."""
    words = path.removeprefix("/").split("/", 3)
    return words[2] if (*words[:2],) == API and len(words) > 2 else words[0]


def _path(route: BaseRoute) -> str:
    """Its address, or one that may be any where it has none of its own, as a router within."""
    return getattr(route, "path", "") or "{any}"
