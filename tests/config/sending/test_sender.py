"""Notices leave by a real mail server: once, in the reader's language, and again when the server was away."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme

from config.office import OfficeSettings
from config.sending.mail import Mail, MailServer, message_of, try_server
from config.sending.sender import REST, Sender
from config.settings import Settings
from registry.core.history import SYSTEM
from registry.core.transaction import transaction
from registry.office.actions import change_settings
from registry.outbox import actions
from registry.outbox.actions import NewNotice
from registry.outbox.models import Letter, LetterState
from registry.outbox.rules import KINDS, Wishes
from registry.people.models import Person
from tests import mail_server
from tests.conftest import Database
from tests.mail_server import MailServer as ServerInTest
from tests.make import HOUR, NOW, make_person, make_room, refused
from tests.servers import free_port

FACTS = {
    "starts_at": (NOW + HOUR).isoformat(), "ends_at": (NOW + 2 * HOUR).isoformat(), "room": "ZW-01",
    "former_starts_at": "", "former_ends_at": "", "former_room": "", "title": "Narada", "by": "Koordynator",
}  # fmt: skip


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def server() -> Iterator[ServerInTest]:
    with mail_server.mail_server() as running:
        yield running


def settings_for(server: ServerInTest, tmp_path: Path, **more: Any) -> Settings:
    values: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "none"}
    values |= {"base_url": "https://izba.urzad.example", "data_dir": tmp_path}
    return Settings(**values | more)


def office_for(server: ServerInTest, tmp_path: Path, **more: Any) -> OfficeSettings:
    return OfficeSettings(settings_for(server, tmp_path, **more))


async def tell(person: Person, number: int = 1, kind: str = "booking.cancelled", **more: Any) -> None:
    async with transaction() as change:
        notice = NewNotice(person.id, kind, f"{kind}:{number}", "booking:3f2", **{"facts": FACTS} | more)
        await actions.tell(change, [notice], NOW)


async def somebody(login: str = "alice", language: str = "pl") -> Person:
    return await make_person(login, mail=f"{login}@urzad.example", language=language)


def text_of(letter: EmailMessage) -> str:
    part: Any = letter.get_body(("plain",))
    return str(part.get_content())


@pytest.mark.parametrize("language", ["pl", "en"])
@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.databases("sqlite")
async def test_a_mail_of_each_kind_leaves_in_both_languages(
    database: Database, server: ServerInTest, tmp_path: Path, kind: str, language: str
) -> None:
    await make_room(code="ZW-01", name="Sala konferencyjna", name_en="Conference room")
    person = await somebody(language=language)
    await actions.wish(person.id, Wishes({"fault": "at_once", "due": "at_once", "device": "at_once"}), frozenset())
    secret = "https://izba.urzad.example/invitation/tajne" if kind.startswith("account.") else ""
    await tell(person, kind=kind, secret=secret)
    await Sender(office_for(server, tmp_path), lambda: NOW).send_notices(NOW)
    (letter,) = server.letters
    text = text_of(letter)
    assert letter["to"].addresses[0].addr_spec == "alice@urzad.example"
    assert letter["subject"]
    assert ("Dzień dobry" if language == "pl" else "Good day") in text
    place = "Sala konferencyjna" if language == "pl" else "Conference room"
    assert f"ZW-01 {place}" in text
    assert (secret or "https://izba.urzad.example/bookings/3f2") in text
    assert (letter["auto-submitted"], letter["message-id"].endswith("@izba.urzad.example>")) == ("auto-generated", True)
    assert bool(letter["list-unsubscribe"]) is (not secret)
    html: Any = letter.get_body(("html",))
    assert f'lang="{language}"' in html.get_content()
    assert (await Letter.get()).state is LetterState.SENT


async def test_what_waits_while_the_server_is_down_leaves_once_when_it_is_back(
    database: Database, tmp_path: Path
) -> None:
    server, clock = ServerInTest(), Hand()
    sender = Sender(office_for(server, tmp_path), clock)
    await tell(await somebody())
    await sender.send_notices(clock())
    letter = await Letter.get()
    assert (letter.state, letter.tries) == (LetterState.WAITING, 0)
    assert "nothing listens there" in letter.answer
    server.start()
    try:
        await sender.send_notices(clock())
        assert server.letters == [], "it rests for a while"
        for _ in range(3):
            clock.now += max(REST, timedelta(minutes=1))
            await sender.send_notices(clock())
        assert len(server.letters) == 1
    finally:
        server.stop()
    assert (await Letter.get()).state is LetterState.SENT


async def test_who_is_refused_for_ever_is_a_dead_letter_and_the_others_get_theirs(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    server.answer = lambda address: "550 5.1.1 no such mailbox" if address.startswith("alice") else ""
    for login in ("alice", "bob"):
        await tell(await somebody(login))
    await Sender(office_for(server, tmp_path), lambda: NOW).send_notices(NOW)
    dead, other = await Letter.all().order_by("person__login")
    assert (dead.state, dead.answer, dead.tries) == (LetterState.DEAD, "550 5.1.1 no such mailbox", 1)
    assert (other.state, server.recipients) == (LetterState.SENT, ["bob@urzad.example"])


async def test_a_server_that_wants_it_slower_is_given_time(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    clock = Hand()
    server.answer = lambda address: "451 4.7.1 too many at once"
    person = await somebody()
    for number in range(3):
        await tell(person, number)
    sender = Sender(office_for(server, tmp_path), clock)
    await sender.send_notices(clock())
    assert sorted([letter.tries async for letter in Letter.all()]) == [0, 0, 1], "the rest was given back"
    server.answer = lambda address: ""
    clock.now += timedelta(minutes=2)
    await sender.send_notices(clock())
    assert len(server.letters) == 3


async def test_a_minute_takes_no_more_than_the_setting_says(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    clock = Hand()
    for number in range(5):
        await tell(await somebody(f"person-{number}"))
    sender = Sender(office_for(server, tmp_path, smtp_per_minute=2), clock)
    sizes = []
    for _ in range(3):
        await sender.send_notices(clock())
        sizes.append(len(server.letters))
        clock.now += timedelta(seconds=61)
    assert sizes == [2, 4, 5]


async def test_two_senders_carry_each_letter_once(database: Database, server: ServerInTest, tmp_path: Path) -> None:
    for number in range(30):
        await tell(await somebody(f"person-{number}"))
    settings = settings_for(server, tmp_path)
    first, second = Sender(OfficeSettings(settings), lambda: NOW), Sender(OfficeSettings(settings), lambda: NOW)
    await asyncio.gather(first.send_notices(NOW), second.send_notices(NOW))
    assert len(server.recipients) == len(set(server.recipients)) == 30


@pytest.mark.databases("sqlite")
async def test_many_leave_by_a_process_of_their_own_with_the_same_answers(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    clock = Hand()
    server.answer = lambda address: "550 5.1.1 no such mailbox" if address.startswith("person-7@") else ""
    for number in range(30):
        await tell(await somebody(f"person-{number}", "en"))
    sender = Sender(office_for(server, tmp_path), clock)
    await sender.send_notices(clock())
    assert len(server.letters) == 29
    assert "Good day" in text_of(server.letters[0])
    dead = await Letter.get(state=LetterState.DEAD)
    assert dead.answer == "550 5.1.1 no such mailbox"
    server.stop()
    for number in range(30):
        await tell(await Person.get(login=f"person-{number}"), 2)
    await sender.send_notices(clock())
    waiting = await Letter.filter(state=LetterState.WAITING)
    assert {letter.answer for letter in waiting} == {str(waiting[0].answer)}
    assert "nothing listens there" in waiting[0].answer


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("many", [1, 20])  # here, and in a process of its own
async def test_a_letter_that_cannot_be_drawn_waits_and_the_others_leave(
    database: Database, server: ServerInTest, tmp_path: Path, many: int
) -> None:
    for number in range(many):
        await tell(await somebody(f"person-{number}"))
    await tell(await somebody("alice"), facts=FACTS | {"starts_at": "no moment", "ends_at": "no moment"})
    await Sender(office_for(server, tmp_path), lambda: NOW).send_notices(NOW)
    waiting = await Letter.get(state=LetterState.WAITING).select_related("person")
    assert (waiting.person.login, waiting.answer) == ("alice", "it could not be drawn: ValueError")
    assert (waiting.tries, waiting.leased_until) == (1, None)
    assert waiting.next_try_at > NOW
    assert len(server.letters) == many
    assert await Letter.filter(state=LetterState.SENT).count() == many


@pytest.mark.databases("sqlite")
async def test_whatever_goes_wrong_the_process_of_its_own_ends_and_nothing_stays_claimed(
    database: Database, server: ServerInTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(await somebody())
    sender, ends = Sender(office_for(server, tmp_path), lambda: NOW), []

    async def broken(*parts: object) -> None:
        raise ZeroDivisionError

    async def end() -> None:
        ends.append(1)

    monkeypatch.setattr(sender, "_carry_mail", broken)
    monkeypatch.setattr(sender._apart, "end", end)
    with pytest.raises(ZeroDivisionError):
        await sender.send_notices(NOW)
    assert ends == [1]
    letter = await Letter.get()
    assert (letter.state, letter.tries, letter.leased_until) == (LetterState.WAITING, 0, None)


async def test_an_address_with_a_line_break_never_reaches_the_server(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    person = await somebody()
    await Person.filter(id=person.id).update(mail="a@urzad.example\r\nBcc: b@x.example", name="A\nSubject: x")
    await tell(person)
    await Sender(office_for(server, tmp_path), lambda: NOW).send_notices(NOW)
    assert ((await Letter.get()).state, server.letters) == (LetterState.DEAD, [])


@pytest.mark.databases("sqlite")
async def test_what_is_typed_stays_out_of_the_headers(database: Database, server: ServerInTest, tmp_path: Path) -> None:
    person = await somebody()
    await Person.filter(id=person.id).update(name="Alicja\r\nBcc: b@x.example")
    await tell(person, facts=FACTS | {"title": "Narada\r\nBcc: b@x.example\r\n\r\nx", "by": "<b>\nx"})
    await Sender(office_for(server, tmp_path), lambda: NOW).send_notices(NOW)
    (letter,) = server.letters
    assert (letter["bcc"], len(letter["to"].addresses), server.recipients) == (None, 1, ["alice@urzad.example"])
    html: Any = letter.get_body(("html",))
    assert "&lt;b&gt;" in html.get_content()


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the library does not see that the whole line is TLS
async def test_mail_travels_encrypted_to_a_server_that_is_trusted_and_signed_in_to(
    database: Database, tmp_path: Path, tls: str
) -> None:
    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    with mail_server.mail_server(tls, login=True, authority=authority) as server:
        more = {"smtp_tls": tls, "smtp_ca_file": str(ca_file), "smtp_user": "izba", "smtp_password": "tajne-haslo"}
        await tell(await somebody())
        await Sender(office_for(server, tmp_path, **more), lambda: NOW).send_notices(NOW)
        assert server.encrypted == [True]
        wrong = MailServer.of(settings_for(server, tmp_path, **more | {"smtp_password": "inne"}))
        refusal = await refused(try_server(wrong))
        assert refusal.code == "mail.refused", str(refusal)
        stranger = MailServer.of(settings_for(server, tmp_path, **more | {"smtp_ca_file": ""}))
        refusal = await refused(try_server(stranger))
        assert (refusal.code, "certificate" in str(refusal)) == ("mail.away", True)


async def test_a_server_without_tls_is_not_spoken_to_where_tls_is_asked_for(
    server: ServerInTest, tmp_path: Path
) -> None:
    for tls in ("tls", "starttls"):
        refusal = await refused(try_server(MailServer.of(settings_for(server, tmp_path, smtp_tls=tls))))
        assert (refusal.code, "TLS" in str(refusal)) == ("mail.away", True)


async def test_a_server_whose_name_cannot_be_looked_up_is_away() -> None:
    server = MailServer("127..1", 25, "none", "", "", "izba@urzad.example", "")
    refusal = await refused(try_server(server))
    assert (refusal.code, "leads to no address" in str(refusal)) == ("mail.away", True)


def test_a_header_cannot_be_broken(tmp_path: Path) -> None:
    server = MailServer("h", 25, "none", "", "", "izba@urzad.example", "")
    message = message_of(Mail("n", "a@urzad.example", 'A "B"\r\nX: y', "S\r\nX: y", "t", "h"), server, NOW)
    assert message["subject"] == "S X: y"
    assert "X" not in message
    with pytest.raises(ValueError, match="no address"):
        message_of(Mail("n", "a@urzad.example\nX: y", "", "", "", ""), server, NOW)


@pytest.mark.databases("sqlite")
async def test_the_sender_follows_what_the_office_sets(
    database: Database, server: ServerInTest, tmp_path: Path
) -> None:
    office = OfficeSettings(Settings(data_dir=tmp_path, base_url="https://izba.urzad.example", secret_key="k" * 40))
    sender, alice = Sender(office, lambda: NOW), await somebody()
    await tell(alice)
    await sender.send_notices(NOW)
    assert await Letter.all().count() == 0, "no mail leaves"
    wrong = {"smtp_host": "127.0.0.1", "smtp_port": str(free_port()), "smtp_tls": "none"}
    for number, changes in ((2, wrong), (3, {"smtp_port": str(server.port)})):
        await change_settings(changes, SYSTEM, NOW)
        await office.look()
        await tell(alice, number)
        await sender.send_notices(NOW)
    first, second = await Letter.all().order_by("id")
    assert (first.state, second.state) == (LetterState.WAITING, LetterState.SENT), "the right one is tried at once"
    assert len(server.letters) == 1
