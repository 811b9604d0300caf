"""Who may open which page and call which address, read off the routes themselves: nothing here is written twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from registry.people.models import Role
from registry.people.rules import CAPABILITIES, EVERYONE
from web.auth.access import RIGHTS, caller, page_caller

ANYBODY = frozenset({*Role, None})  # a stranger too


@dataclass(frozen=True, slots=True)
class Access:
    """An address with one method: what it is for, which capabilities it asks for, and whether one must be signed in.

    What depends on the thing itself, such as whose booking it is, is asked behind it and stands in no table.
    """

    method: str
    path: str
    about: str
    capabilities: tuple[str, ...]
    is_for_members: bool

    @property
    def is_call(self) -> bool:
        """Whether programs call it; the others are pages and their forms."""
        return self.path.startswith("/api/")

    @property
    def roles(self) -> frozenset[Role | None]:
        """Who gets in; None is a stranger."""
        roles = EVERYONE
        for name in self.capabilities:
            roles &= CAPABILITIES[name]
        return frozenset(roles) if self.is_for_members else ANYBODY


def accesses(routes: Sequence[BaseRoute]) -> Iterator[Access]:
    """Every address of these routes, in their order."""
    for route in routes:
        if not isinstance(route, APIRoute):
            continue
        calls = set(_calls(route.dependant))
        names = tuple(sorted({RIGHTS[call] for call in calls if call in RIGHTS}))
        about = route.summary or (route.description or "").partition("\n")[0]
        for method in sorted(route.methods or ()):
            yield Access(method, route.path, about, names, bool(names) or bool(calls & {caller, page_caller}))


def _calls(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)
