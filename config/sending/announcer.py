"""Sends messages by other channels than mail, in a process of its own: the library of all channels takes the memory of
a server, and is seldom wanted.

By standard input comes JSON: a list of ``{url, title, body}``; the answer on standard output is a list of true, false,
or null for an address of a channel that is none.
"""

import asyncio
import sys
import warnings
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import orjson

from config.sending.mail import MailAnswer
from config.sending.mailbag import not_drawn, number_of
from config.setting_values import PLACE
from registry.outbox.letters import Parcel
from registry.outbox.models import LetterState
from web.kit.render import Pages
from web.outbox.letters import draw
from web.outbox.view import letter_notice
from web.outbox.words import RoomName

PATIENCE = 120.0


def main() -> None:
    """Send each."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the library's many parts import is its own
        import apprise  # in this process alone

        answers: list[bool | None] = []
        for one in orjson.loads(sys.stdin.buffer.read()):
            channel = apprise.Apprise()
            is_one = channel.add(one["url"])
            answers.append(bool(channel.notify(title=one["title"], body=one["body"])) if is_one else None)
    sys.stdout.buffer.write(orjson.dumps(answers))


async def announce(
    parcels: Sequence[Parcel], channels: Mapping[str, str], rooms: Mapping[str, RoomName], pages: Pages
) -> dict[str, MailAnswer]:
    """Send letters by their channels: what came of each, by its number."""
    messages, answers = [], {}
    for parcel in parcels:
        url = channels.get(parcel.letter.channel)
        if not parcel.channel_address:
            answers[number_of(parcel)] = MailAnswer(LetterState.DEAD, "no address on the channel")
            continue
        if not url:  # it may be set again, or under this name once more
            answers[number_of(parcel)] = MailAnswer(LetterState.WAITING, "the settings name no such channel")
            continue
        try:
            letter = draw(pages, [letter_notice(one) for one in parcel.notices], rooms, parcel.language)
        except Exception as fault:
            answers[number_of(parcel)] = not_drawn(number_of(parcel), fault)
            continue
        address = url.replace(PLACE, quote(parcel.channel_address, safe="+@"))
        messages.append((number_of(parcel), {"url": address, "title": letter.subject, "body": letter.text}))
    for (number, _), is_sent in zip(messages, await _sent([one for _, one in messages]), strict=True):
        answers[number] = _answer(is_sent)
    return answers


def _answer(is_sent: bool | None) -> MailAnswer:
    if is_sent:
        return MailAnswer(LetterState.SENT)
    if is_sent is None:
        return MailAnswer(LetterState.DEAD, "the channel's address is none")
    return MailAnswer(LetterState.WAITING, "the channel did not take it")


async def _sent(messages: Sequence[Mapping[str, str]]) -> list[bool | None]:
    """What the process answers; nothing was taken where it does not."""
    if not messages:
        return []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "config.sending.announcer", stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate(orjson.dumps(messages))
        answers: list[bool | None] = orjson.loads(output)
    except (TimeoutError, ValueError):
        answers = [False] * len(messages)
    finally:
        if process.returncode is None:
            process.kill()
            await asyncio.shield(process.wait())
    return answers


if __name__ == "__main__":
    main()
