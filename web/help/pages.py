"""The help: the documentation in the reader's language, for anybody, and the keys."""

from fastapi import Request
from starlette.responses import FileResponse, Response

from registry.core.aside import aside
from registry.core.errors import NotFound
from web.auth.access import Visitor
from web.help.articles import article, chapters, pictures
from web.help.words import CHAPTER_WORDS
from web.kit.query_names import pages
from web.kit.render import language_of, render

router = pages()
A_DAY = "public, max-age=86400"


@router.get("/help")
async def index(request: Request, person: Visitor) -> Response:
    """All pages of the help, and the keys."""
    parts = await aside(chapters, language_of(request, person))
    return render(request, "help/index.html", chapters=parts, chapter_words=CHAPTER_WORDS)


@router.get("/help/images/{name}")
async def picture(request: Request, name: str) -> Response:
    """A picture of a page."""
    path = pictures().get(name)
    if path is None:
        raise NotFound("request.not_found")
    return FileResponse(path, headers={"cache-control": A_DAY})


@router.get("/help/{name:path}")
async def page(request: Request, person: Visitor, name: str) -> Response:
    """A page of the help, in the reader's language or in English."""
    language = language_of(request, person)
    one = await aside(article, name, language)
    if one is None:
        raise NotFound("request.not_found")
    return render(request, "help/article.html", article=one, is_foreign=one.language != language)
