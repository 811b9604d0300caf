"""Notices leave by other channels than mail, each person's by their own name there."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest

from config.office import OfficeSettings
from config.sending.sender import Sender
from config.settings import Settings
from registry.core.transaction import transaction
from registry.outbox import actions
from registry.outbox.letters import LEASE
from registry.outbox.models import Letter, LetterState, Notice
from registry.outbox.rules import Wishes
from registry.people.models import Person
from tests.config.sending.test_sender import somebody, tell
from tests.conftest import Database
from tests.mail_server import mail_server
from tests.make import MINUTE, NOW

pytestmark = pytest.mark.databases("sqlite")


class ChannelServer:
    """Takes what is posted to it; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.status = 200
        channel = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                channel.posts.append((self.path, orjson.loads(content)))
                self.send_response(channel.status)
                self.end_headers()

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002  # the library's name
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def channel() -> Iterator[ChannelServer]:
    server = ChannelServer()
    yield server
    server.stop()


async def on_the_channel(url: str, tmp_path: Path, address: str = "+48600000000") -> tuple[Sender, Person]:
    person = await somebody(language="en")
    await actions.wish(person.id, Wishes({}, channel="Chat", channel_address=address), frozenset({"Chat"}))
    await tell(person)
    settings = Settings(data_dir=tmp_path, base_url="https://izba.urzad.example", notice_channels=f"Chat={url}")
    return Sender(OfficeSettings(settings), lambda: NOW), person


async def test_a_notice_reaches_its_person_on_the_channel(
    database: Database, tmp_path: Path, channel: ChannelServer
) -> None:
    sender, _ = await on_the_channel(f"json://127.0.0.1:{channel.port}/send/{{address}}", tmp_path)
    await sender.send_notices(NOW)
    ((path, message),) = channel.posts
    assert path.startswith("/send/+48600000000")
    assert (message["title"], "Narada" in message["message"]) == ("Your booking was cancelled", True)
    letter = await Letter.get()
    assert (letter.channel, letter.state) == ("Chat", LetterState.SENT)


async def test_a_channel_that_takes_nothing_is_tried_again(
    database: Database, tmp_path: Path, channel: ChannelServer
) -> None:
    channel.status = 500
    sender, _ = await on_the_channel(f"json://127.0.0.1:{channel.port}/{{address}}", tmp_path)
    await sender.send_notices(NOW)
    letter = await Letter.get()
    assert (letter.state, letter.tries, letter.answer) == (LetterState.WAITING, 1, "the channel did not take it")


async def test_an_address_that_no_channel_knows_is_a_dead_letter(database: Database, tmp_path: Path) -> None:
    sender, _ = await on_the_channel("pigeon://home/{address}", tmp_path)
    await sender.send_notices(NOW)
    assert (await Letter.get()).state is LetterState.DEAD


async def test_a_channel_that_is_no_more_carries_nothing(database: Database, tmp_path: Path) -> None:
    sender, person = await on_the_channel("json://127.0.0.1:9/{address}", tmp_path)
    await Letter.create(person=person, channel="Former", notices=[1], created_at=NOW, next_try_at=NOW)
    await actions.wish(person.id, Wishes({}), frozenset())
    await sender.send_notices(NOW)
    assert (await Letter.get()).state is LetterState.DEAD


async def test_a_letter_waits_while_its_channel_is_taken_out_of_the_settings(
    database: Database, tmp_path: Path
) -> None:
    sender, person = await on_the_channel("json://127.0.0.1:9/{address}", tmp_path)
    await Letter.create(person=person, channel="Former", notices=[1], created_at=NOW, next_try_at=NOW)
    async with transaction():
        await Notice.all().update(sorted_at=NOW)
    await sender.send_notices(NOW)
    letter = await Letter.get()
    assert (letter.state, letter.tries, letter.answer) == (LetterState.WAITING, 1, "the settings name no such channel")


@pytest.mark.parametrize("text", ["Chat", "Chat=json://h/", "mail=json://h/{address}", "a b=json://h/{address}"])
def test_what_is_no_channel_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write each like"):
        Settings(notice_channels=text)


async def test_a_message_that_cannot_be_drawn_waits(database: Database, tmp_path: Path) -> None:
    sender, person = await on_the_channel("json://127.0.0.1:1/{address}", tmp_path)
    await Notice.filter(person_id=person.id).update(facts={"starts_at": "no moment", "ends_at": "no moment"})
    await sender.send_notices(NOW)
    letter = await Letter.get()
    assert (letter.state, letter.answer) == (LetterState.WAITING, "it could not be drawn: ValueError")


async def test_mails_are_noted_before_the_channels_take_their_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    with mail_server() as server:
        _, person = await on_the_channel("json://127.0.0.1:1/{address}", tmp_path)
        values = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none", "data_dir": tmp_path}
        settings = Settings(**values, base_url="https://izba.urzad.example", notice_channels="Chat=json://h/{address}")
        sender, announced = Sender(OfficeSettings(settings), lambda: now[0]), []
        carry_mail = sender._carry_mail

        async def slow_mail(*parts: Any) -> Any:
            carried = await carry_mail(*parts)
            now[0] += 4 * MINUTE
            return carried

        async def announce(parcels: Any, *rest: Any) -> dict[str, Any]:
            announced.extend(parcels)
            assert (await Letter.get(channel="mail")).state is LetterState.SENT
            assert (await Letter.get(channel="Chat")).leased_until == NOW + 4 * MINUTE + LEASE
            return {}

        monkeypatch.setattr(sender, "_carry_mail", slow_mail)
        monkeypatch.setattr("config.sending.sender.announce", announce)
        await sender.send_notices(NOW)
    assert [parcel.letter.person_id for parcel in announced] == [person.id]
    assert (await Letter.get(channel="Chat")).leased_until is None, "what was not tried is given back"
