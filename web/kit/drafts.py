"""What was typed into a form outlives a refusal and the end of a session. See docs/decisions/0026-typed-words.md.

After every form the browser is led to a page (post, redirect, get). A refused one leads back to its page, which finds
the words again by a key in its address::

    return await back_to(f"/assets/{asset_id}", request, now, status_of(refusal), form=form, fault=sentence)

    @router.get("/assets/{asset_id}")
    async def asset(request: Request, …, typed: TypedWords) -> Response:
        return await _page(request, …, **typed.words)
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.responses import RedirectResponse, Response

from registry.core.drafts import read_draft, take_draft, write_draft
from web.auth.session import A_YEAR, FORM_FIELD, VISIT, keep, new_seed, options_of, seed_of
from web.kit.clock import Now

KEY = "again"
SECRET = frozenset({"password", "old", "new", "secret"})


@dataclass(frozen=True, slots=True)
class Typed:
    """What a page is told once more: the words by name, and the status that the refusal had."""

    status: int = 200
    words: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.words)


async def back_to(path: str, request: Request, now: datetime, status: int, **words: Any) -> Response:
    """To the page at ``path`` with what was typed and why not. Its words are of JSON and hold no secret."""
    where, _, place = path.partition("#")
    content = {"page": unquote(where.partition("?")[0]), "status": status, "words": words}
    key, seed = await _write(request, content, now)
    query = f"{'&' if '?' in where else '?'}{KEY}={key}" if key else ""
    response = RedirectResponse(f"{where}{query}{f'#{place}' if place else ''}", 303)
    return with_visit(response, request, seed)


async def _typed(request: Request, now: Now) -> Typed:
    key = request.query_params.get(KEY, "")
    content = await read_draft(key, seed_of(request), now) if key else None
    page = request.url.path
    if content and content.get("page") == page:
        return Typed(content["status"], content["words"])
    # of a form that was not judged yet
    if content and "path" in content and page.startswith(("/bookings/", "/series/")):
        return Typed(words={"fields": content["fields"], "is_unsent": True})
    return Typed()


class FormFields(dict[str, Any]):
    """What was typed, or what is wrong with it, by field; nothing of all others."""

    def __missing__(self, field: str) -> str:
        return ""


# what was typed into the form that led back here
TypedWords = Annotated[Typed, Depends(_typed)]


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as it was sent, to be sent again: where, its fields in their order, and who was shown it."""

    path: str
    fields: tuple[tuple[str, str], ...]
    person_id: int | None


async def keep_sent_form(request: Request, person_id: int | None, now: datetime) -> tuple[str, str]:
    """The key of the form that is being sent, nothing for one with a file or a secret; and what its browser is known by
    from now on, which :func:`with_visit` tells it.
    """
    form = await request.form()
    if any(isinstance(value, UploadFile) or name in SECRET for name, value in form.multi_items()):
        await form.close()
        return "", seed_of(request)
    fields = [(name, str(value)) for name, value in form.multi_items() if name != FORM_FIELD]
    content = {"path": request.url.path, "fields": fields, "person": person_id}
    return await _write(request, content, now)


async def sent_form(request: Request, key: str, now: datetime, *, take: bool = False) -> SentForm | None:
    """The form under a key, of this browser; ``take`` it to do it once."""
    content = await (take_draft if take else read_draft)(key, seed_of(request), now) if key else None
    if not content or "path" not in content:
        return None
    return SentForm(content["path"], tuple((name, text) for name, text in content["fields"]), content["person"])


def with_visit(response: Response, request: Request, seed: str) -> Response:
    """The response, and for a browser without any cookie of ours the one that it is known by."""
    if not seed_of(request):
        keep(response, options_of(request), VISIT, seed, A_YEAR)
    return response


def as_form(fields: Iterable[Iterable[str]]) -> FormData:
    """Fields that a draft holds, as they are sent."""
    return FormData([(str(name), str(text)) for name, text in fields])


async def _write(request: Request, content: dict[str, Any], now: datetime) -> tuple[str, str]:
    seed = seed_of(request) or new_seed()
    return await write_draft(seed, content, now), seed
