"""The names of a query string: whatever a call or a page does not know is refused, as an unknown field of a body is. A
misspelt filter would be answered with something else than was asked for. docs/decisions/0027-unknown-query-names.md.
"""

import re
from collections.abc import Callable, Collection, Coroutine, Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute
from starlette._utils import AwaitableOrContextManagerWrapper
from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.responses import Response

from registry.core.errors import Invalid
from registry.core.folding import without_zeros

Answer = Callable[[Request], Coroutine[Any, Any, Response]]
# what mailers and networks hang on to the links that people follow: it asks for nothing
TRACKING = re.compile(
    r"(utm_\w+|fbclid|gclid|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|li_fat_id|igshid|mc_cid|mc_eid|_ga|_gl|_hs\w+)"
)
# what our own forms carry beside what is typed, and what a page is told after an act: a script may pass it on
CARRIED = frozenset({"csrf", "did", "key", "minutes", "next", "revision", "shown", "was"})
NAME_LENGTH = 100


def names_of(dependant: Dependant) -> frozenset[str]:
    """The query names that a call declares, its dependencies' among them."""
    params = get_flat_params(dependant)
    return frozenset(field.alias for field in params if not isinstance(field.field_info, Path | Header | Cookie))


def refuse_unknown(request: Request, names: Collection[str]) -> None:
    """Raises Invalid("request.unknown_field") for the first query name that is none of these."""
    if request.scope["query_string"]:
        for name in request.query_params:
            if name not in names:
                raise Invalid("request.unknown_field", field=name[:NAME_LENGTH])


class _ReadParams(QueryParams):
    """Which of its names were asked for, without zero bytes."""

    def __init__(self, text: bytes) -> None:
        items = QueryParams(text).multi_items()
        super().__init__([(without_zeros(name), without_zeros(value)) for name, value in items])
        self.names: set[Any] = set()

    def get(self, key: Any, default: Any = None) -> Any:
        self.names.add(key)
        return super().get(key, default)

    def getlist(self, key: Any) -> list[str]:
        self.names.add(key)
        return super().getlist(key)

    def __getitem__(self, key: Any) -> str:
        self.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: Any) -> bool:
        self.names.add(key)
        return super().__contains__(key)

    def unread(self) -> Iterator[str]:
        names = self.names | CARRIED
        return (name for name in self.keys() if name not in names and not TRACKING.fullmatch(name))


def _typed(value: UploadFile | str) -> UploadFile | str:
    """A value as it was typed: a browser counts a line's end once and sends it as two letters."""
    return without_zeros(value).replace("\r\n", "\n") if isinstance(value, str) else value


class _PageRequest(Request):
    def form(self, **limits: Any) -> AwaitableOrContextManagerWrapper[FormData]:
        """The form as it was typed, without zero bytes."""
        return AwaitableOrContextManagerWrapper(self._typed_form(**limits))

    async def _typed_form(self, **limits: Any) -> FormData:
        if not hasattr(self, "_as_typed"):
            items = (await super().form(**limits)).multi_items()
            self._as_typed = FormData([(name, _typed(value)) for name, value in items])
        return self._as_typed

    @property
    def query_params(self) -> _ReadParams:
        if not hasattr(self, "_query_params"):
            self._query_params = _ReadParams(self.scope["query_string"])
        params: _ReadParams = self._query_params  # type: ignore[assignment]  # made two lines above
        return params


class _PageRoute(APIRoute):
    """A page that was answered without a look at a name of its query did not know it."""

    def get_route_handler(self) -> Answer:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            is_part = request.headers.get("hx-request-type", "") == "partial"  # a script of ours, with a whole form
            page_request = _PageRequest(request.scope, request.receive)
            response = await handle(page_request)
            if request.method != "GET" or not request.scope["query_string"]:
                return response
            is_page = response.headers.get("content-type", "").startswith("text/html")
            if not is_part and response.status_code == 200 and is_page:
                for name in page_request.query_params.unread():
                    raise Invalid("request.unknown_field", field=name[:NAME_LENGTH])
            return response

        return handler


def pages(prefix: str = "") -> APIRouter:
    """The routes of the pages of a noun."""
    return APIRouter(prefix=prefix, include_in_schema=False, route_class=_PageRoute)
