"""What a stranger sees who scans a label: how to give the thing back, in four languages. No name, room or owner, and
the same for every label, whether it is on something or not.
"""

from fastapi import Request
from starlette.responses import Response

from registry.assets import tags
from registry.scans.phrases import LANGUAGES, finder_phrases
from web.auth.session import options_of
from web.kit.drafts import Typed
from web.kit.i18n import preferred
from web.kit.render import render

NAMES = {"pl": "PL", "uk": "УК", "en": "EN", "ru": "РУ"}
FAULTS = {"fault.nothing_said": "empty", "fault.too_many": "busy"}


def language_of_finder(request: Request, wish: str) -> str:
    """The language that a stranger chose, or the one that their browser likes best."""
    if wish in LANGUAGES:
        return wish
    return preferred(request.headers.get("accept-language", ""), LANGUAGES, options_of(request).language)


def found_page(request: Request, code: str, wish: str, typed: Typed, is_sent: bool) -> Response:
    """The page of a label for somebody who is not signed in."""
    code, language = tags.normalised(code)[:20], language_of_finder(request, wish)
    is_ours = tags.check(code)
    return render(
        request,
        "scan/found.html",
        status=typed.status if is_ours else 404,
        code=code,
        is_ours=is_ours,
        spoken=language,
        names=NAMES,
        phrases=finder_phrases(language),
        days=options_of(request).data_protection.find_days,
        declaration=options_of(request).declaration,
        is_sent=is_sent,
        words=typed.words.get("words", ""),
        fault=FAULTS.get(typed.words.get("fault", ""), ""),
    )
