"""Letters as they leave: a subject, a plain text and the same in HTML, in the language of who gets it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from registry.outbox.rules import ACCOUNT, KINDS
from web.kit.i18n import LANGUAGES
from web.kit.render import Pages
from web.outbox.words import SHY, LetterNotice, NoticeWords, Rooms, href_of


@dataclass(frozen=True, slots=True)
class LetterText:
    """What a letter says. ``wishes_url`` is where its reader chooses what leaves; empty where there is no choice."""

    subject: str
    text: str
    html: str
    wishes_url: str = ""


def draw(pages: Pages, notices: Sequence[LetterNotice], rooms: Rooms, language: str) -> LetterText:
    """The letter of these notices. Rooms are those of the house, by code: for their names and their classes now."""
    language = language if language in LANGUAGES else pages.options.language
    words, base = NoticeWords.of(pages.words(language)), pages.options.base_url
    is_private = all(KINDS[notice.kind] is ACCOUNT for notice in notices)
    values: dict[str, Any] = {
        "subject": words.subject(notices),
        "items": [_item(notice, words, rooms, base) for notice in notices],
        "wishes_url": "" if is_private else f"{base}/me/notices",
        "home_url": base,
    }
    environment = pages.environment(language)
    text = environment.get_template("letters/letter.txt").render(values)
    html = environment.get_template("letters/letter.html").render(values)
    return LetterText(values["subject"], text, html, values["wishes_url"])


def _item(notice: LetterNotice, words: NoticeWords, rooms: Rooms, base: str) -> dict[str, Any]:
    lines = words.lines(notice, rooms)
    if words.is_shy(notice, rooms):
        lines.append(words.say(SHY))
    url = notice.secret or f"{base}{href_of(notice)}"
    return {"headline": words.headline(notice), "lines": lines, "url": url}
