"""What is carried at once: letters with all that drawing them needs, so that it can be done in another process."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from config.sending.mail import Mail, MailAnswer, MailServer, Postman
from registry.outbox.letters import Parcel
from registry.outbox.models import LetterState
from web.kit.render import Pages
from web.outbox.letters import draw
from web.outbox.view import letter_notice
from web.outbox.words import LetterNotice, RoomName

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BagLetter:
    """One letter: its number, to whom it goes, and what it tells."""

    number: str
    to: str
    name: str
    language: str
    notices: tuple[LetterNotice, ...]


@dataclass(frozen=True, slots=True)
class Mailbag:
    """Letters, and the names of the house's rooms."""

    letters: tuple[BagLetter, ...]
    rooms: Mapping[str, RoomName]

    def packed(self) -> dict[str, Any]:
        """As plain values of JSON."""
        letters = [
            {"number": one.number, "to": one.to, "name": one.name, "language": one.language,
             "notices": [list(notice) for notice in one.notices]}
            for one in self.letters
        ]  # fmt: skip
        return {"letters": letters, "rooms": {code: list(name) for code, name in self.rooms.items()}}

    @classmethod
    def unpacked(cls, values: Mapping[str, Any]) -> "Mailbag":
        """Out of :meth:`packed`, through JSON."""
        letters = (
            BagLetter(**one | {"notices": tuple(LetterNotice(*notice) for notice in one["notices"])})
            for one in values["letters"]
        )
        return cls(tuple(letters), {code: RoomName(*name) for code, name in values["rooms"].items()})


def number_of(parcel: Parcel) -> str:
    """The same at each try of the same letter, so that a mailbox knows a second copy."""
    return f"izba.{parcel.letter.id}.{int(parcel.letter.created_at.timestamp())}"


def bag_of(parcels: Sequence[Parcel], rooms: Mapping[str, RoomName]) -> Mailbag:
    """What these letters need; those that have nothing left to tell are no part of it."""
    return Mailbag(
        tuple(
            BagLetter(
                number=number_of(parcel),
                to=parcel.mail,
                name=parcel.name,
                language=parcel.language,
                notices=tuple(letter_notice(one) for one in parcel.notices),
            )
            for parcel in parcels
            if parcel.notices
        ),
        rooms,
    )


async def carry(bag: Mailbag, server: MailServer, pages: Pages, now: datetime) -> Postman:
    """Draw the letters and hand them over. One that cannot be drawn waits for another try, and stops no other."""
    mails, undrawn = [], {}
    for one in bag.letters:
        try:
            letter = draw(pages, one.notices, bag.rooms, one.language)
        except Exception as fault:
            undrawn[one.number] = not_drawn(one.number, fault)
            continue
        mails.append(Mail(one.number, one.to, one.name, letter.subject, letter.text, letter.html, letter.wishes_url))
        await asyncio.sleep(0)  # others have their turn between two letters
    postman = Postman(server, mails, now)
    postman.answers |= undrawn
    if mails:
        await postman.carry()
    return postman


def not_drawn(number: str, fault: Exception) -> MailAnswer:
    """The answer for a letter that our own words failed at, and the log. With more memory, or a template that was
    mended, it can be drawn later; if never, it is given up in its time.
    """
    log.exception("letter %s could not be drawn", number)
    return MailAnswer(LetterState.WAITING, f"it could not be drawn: {type(fault).__name__}")
