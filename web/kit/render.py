"""Pages from templates: one Jinja environment per language, so that macros and words need no context."""

import hashlib
import logging
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup
from starlette.responses import HTMLResponse

from registry.people import rules
from registry.people.models import Person
from web.auth.session import (
    A_YEAR,
    FORM_FIELD,
    LANGUAGE,
    SHORTCUT,
    THEME,
    TYPE,
    VISIT,
    form_token,
    keep,
    new_seed,
    options_of,
    page_before,
    seed_of,
)
from web.kit import sections, time_classes
from web.kit.help_links import help_for
from web.kit.i18n import LANGUAGES, Formats, catalogue, refusal_words
from web.kit.options import SiteOptions
from web.kit.words import STATE_WORDS, Words

log = logging.getLogger(__name__)

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"


FILTERS = ("time", "date", "day", "long", "short", "datetime", "money", "amount", "number", "duration", "iso")


class CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates of one language on disk. A disk that takes none costs time and no page."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def compiled_templates(language: str) -> BytecodeCache | None:
    """Where compiled templates are kept: a directory of this user alone below the temporary one, for what is read there
    is run. None where it is not safe. Constants are computed by the filters of a language while compiling, and what
    compiles is Jinja and this file: each combination has its own entries.
    """
    compiler = hashlib.sha256(version("jinja2").encode() + Path(__file__).read_bytes()).hexdigest()[:12]
    try:
        return CompiledTemplates(pattern=f"izba-{compiler}-{language}-%s")
    except (OSError, RuntimeError) as fault:
        log.warning("templates are compiled anew at each start: %s", fault)
        return None


@cache
def _static_hash() -> str:
    """As the files were when this process first asked: an update of the program starts another."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]


class Pages:
    """What renders the pages of one site."""

    def __init__(self, options: SiteOptions) -> None:
        self.options = options
        self._environments: dict[str, Environment] = {}
        self._words: dict[str, Words] = {}

    @property
    def static_hash(self) -> str:
        """A hash over all static files; it is in their addresses, so that browsers may keep them for ever."""
        return _static_hash()

    def static(self, path: str) -> str:
        """The address of a static file."""
        return f"/static/{self.static_hash}/{path}"

    def formats(self, language: str) -> Formats:
        """Times and amounts in a language."""
        return self.words(language).fmt

    def words(self, language: str) -> Words:
        """What pages say in a language."""
        if language not in self._words:
            self._words[language] = Words(language, Formats(language, self.options.timezone))
        return self._words[language]

    def environment(self, language: str) -> Environment:
        """The templates in a language."""
        if language not in self._environments:
            self._environments[language] = self._make(language)
        return self._environments[language]

    def _make(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            bytecode_cache=compiled_templates(language),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
        )
        texts = catalogue(language)
        environment.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
            texts.gettext, texts.ngettext, newstyle=True, pgettext=texts.pgettext, npgettext=texts.npgettext
        )
        words = self.words(language)
        environment.globals.update(
            fmt=words.fmt,
            static=self.static,
            at=time_classes,
            language=language,
            languages=LANGUAGES,
            site=self.options,
            may=rules.may,
            help_for=help_for,
            unread_word=lambda unread: "99+" if unread > 99 else str(unread),
            state_word=words.state,
            role_word=words.role,
            STATES=tuple(STATE_WORDS),
            refusal_words=lambda refusal: refusal_words(refusal, language),
        )
        for name in FILTERS:
            environment.filters[name] = getattr(words.fmt, name)
        environment.filters["present"] = present
        return environment


def present(attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes of HTML as they are written: one that is false is not there, one that is true has no value."""
    return {name: "" if value is True else value for name, value in attributes.items() if value is not False}


def pages_of(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def language_of(request: Request, person: Person | None = None) -> str:
    """What the reader chose: in this browser, or in the account; else the language of the site."""
    for wish in (request.cookies.get(LANGUAGE), person.language if person else ""):
        if wish in LANGUAGES:
            return wish
    return options_of(request).language


def render(
    request: Request,
    template: str,
    *,
    person: Person | None = None,
    status: int = 200,
    language: str | None = None,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> HTMLResponse:
    """A page, or with a template that extends nothing a fragment of one. Values the context names are escaped.

    The person defaults to whoever the request's access check found.
    """
    pages = pages_of(request)
    person = person or getattr(request.state, "person", None)
    language = language or language_of(request, person)
    seed = seed_of(request)
    fresh = "" if seed else new_seed()
    token = form_token(pages.options, seed or fresh, person.id if person else None)
    page = pages.environment(language).get_template(template)
    body = page.render(
        request=request,
        person=person,
        path=request.url.path,
        here=_here(request),
        unread=getattr(request.state, "unread", 0),
        navigation=sections.masthead(person.role, request.url.path) if person else [],
        second_row=sections.second_row(person.role, request.url.path) if person else [],
        theme=_wish(request, THEME, ("light", "dark")),
        type=_wish(request, TYPE, ("large",)),
        shortcut=_wish(request, SHORTCUT, ("off",)),
        csrf_token=token,
        csrf=Markup('<input type="hidden" name="{}" value="{}">').format(FORM_FIELD, token),
        **context,
    )
    response = HTMLResponse(body, status, headers={"cache-control": "no-store", **(headers or {})})
    if fresh:
        keep(response, pages.options, VISIT, fresh, A_YEAR)
    return response


def _here(request: Request) -> str:
    """The address to come back to: this page with its query, without what was just done; of a form where it stood."""
    if request.method not in ("GET", "HEAD"):
        return page_before(request)
    rest = [(name, text) for name, text in request.query_params.multi_items() if name not in ("did", "done", "paper")]
    return request.url.path + (f"?{urlencode(rest)}" if rest else "")


def is_fragment(request: Request) -> bool:
    """Whether htmx asks for a part of the page and not for the whole."""
    return request.headers.get("hx-request-type", "") == "partial"


def _wish(request: Request, name: str, offers: tuple[str, ...]) -> str:
    value = request.cookies.get(name, "")
    return value if value in offers else ""
