"""The office changes its settings from pages and by program: in force at once, and no secret is seen anywhere."""

import json
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from config.desk import RunningDesk
from config.jobs import JobRuns
from config.office import OfficeSettings, follow, site_options
from config.sending import mail
from config.settings import Settings
from registry.core.clock import utc_now
from registry.core.drafts import FormDraft
from registry.core.history import HistoryEntry
from registry.people.models import Person
from tests import mail_server
from tests.conftest import Database
from tests.mail_server import MailServer
from tests.web.desk import Desk
from web.app import create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PASSWORD = "tajne-haslo"


@pytest.fixture
async def desk(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA
) -> AsyncIterator[Desk]:
    monkeypatch.chdir(tmp_path)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("IZBA_SMTP_CA_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("IZBA_OFFICE_ADDRESS", "Bydgoszcz")
    settings = Settings(secret_key="k" * 40, data_dir=tmp_path, base_url="https://izba.urzad.example", language="en")
    office = OfficeSettings(settings)
    app = create_site(await site_options(settings))
    app.state.desk = RunningDesk(office, AsyncIOScheduler(), JobRuns(), utc_now)
    unfollow = follow(app, office, ())
    yield await Desk(app).open()
    unfollow()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[MailServer]:
    with mail_server.mail_server("starttls", login=True, authority=authority) as running:
        yield running


def fields_of(server: MailServer, **more: Any) -> dict[str, Any]:
    fields = {"host": "127.0.0.1", "port": str(server.port), "tls": "starttls", "user": "izba", "password": PASSWORD}
    return fields | {"sender": "izba@urzad.example"} | more


async def test_a_mail_server_is_set_and_tried_and_its_refusal_is_told_in_its_own_words(
    desk: Desk, server: MailServer
) -> None:
    text = await desk.read("/admin/settings/mail", "admin")
    assert "Name a server and save it, then try it here." in text
    answer = await desk.get("/admin/settings/smtp_host", "admin")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/settings/mail"), "one form for all of it"
    answer = await desk.send("/admin/settings/mail", "admin", **fields_of(server))
    assert "Saved, and in force." in answer.text
    assert desk.app.state.options.has_mail
    answer = await desk.post("/admin/settings/mail/trial", "admin", to="szef@urzad.example")
    assert "The mail server took the letter" in answer.text
    (letter,) = server.letters
    assert (server.recipients, letter["subject"]) == (["szef@urzad.example"], "A trial letter from Izba")
    server.answer = lambda recipient: "550 5.7.1 Relaying denied"
    answer = await desk.post("/admin/settings/mail/trial", "admin", to="szef@urzad.example")
    assert answer.status_code == 200
    assert "does not take Izba&#39;s mail: 550 5.7.1 Relaying denied." in answer.text
    answer = await desk.post("/admin/settings/mail/trial", "admin", to="szef")
    assert (answer.status_code, "it is no mail address" in answer.text) == (422, True)
    await desk.post("/admin/settings/mail", "admin", **fields_of(server, password="inne"))
    answer = await desk.post("/admin/settings/mail/trial", "admin", to="szef@urzad.example")
    assert "535 5.7.8 Authentication credentials invalid" in answer.text


async def test_a_server_that_says_nothing_holds_a_page_for_seconds_alone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never greets
        port = silent.getsockname()[1]
        await desk.post("/admin/settings/mail", "admin", host="127.0.0.1", port=str(port), tls="none")
        answer = await desk.post("/admin/settings/mail/trial", "admin", to="szef@urzad.example")
    assert f"The mail server 127.0.0.1:{port} does not answer: it took too long." in answer.text


async def test_a_fault_stands_at_its_field_and_nothing_else_is_stored(desk: Desk, server: MailServer) -> None:
    answer = await desk.post(
        "/admin/settings/mail", "admin", **fields_of(server, port="many", sender="izba", host="smtp://poczta")
    )
    assert answer.status_code == 422
    for field, words in (
        ("port", "Set a whole number from 1 to 65535."), ("sender", "Set one mail address"),
        ("host", "without its port"),
    ):  # fmt: skip
        assert f'id="f-{field}-fault"' in answer.text
        assert words in answer.text
    assert 'value="smtp://poczta"' in answer.text, "what was typed is kept"
    assert PASSWORD not in answer.text
    assert PASSWORD not in str(await FormDraft.all().values())
    assert "not set" in await desk.read("/admin/settings", "admin")
    assert await HistoryEntry.filter(object="office:1").count() == 0


async def test_a_stored_password_is_kept_asked_for_again_and_removed(desk: Desk, server: MailServer) -> None:
    await desk.post("/admin/settings/mail", "admin", **fields_of(server))
    await desk.post("/admin/settings/mail", "admin", **fields_of(server, password="", sender="biuro@urzad.example"))
    assert "One is stored, and not shown." in await desk.read("/admin/settings/mail", "admin")
    answer = await desk.post("/admin/settings/mail", "admin", **fields_of(server, password="", host="obca.example"))
    assert answer.status_code == 422
    assert "belongs to the mail server and name before" in answer.text
    fields = fields_of(server, password="", host="obca.example", no_password="1")
    answer = await desk.send("/admin/settings/mail", "admin", **fields)
    assert "It is stored encrypted, and never shown." in answer.text
    assert "Password: as without this page" in await desk.read("/admin/settings/mail", "admin")


async def test_what_belongs_together_is_changed_in_one_form(desk: Desk) -> None:
    text = await desk.read("/admin/settings", "admin")
    assert text.count("Change together") == 7, "not the mail server, nor one alone"
    path = "/admin/settings/groups/office"
    text = await desk.read(path, "admin")
    assert "Name of the office" in text
    assert "Bydgoszcz" not in text, "the machine sets the address"
    answer = await desk.post("/admin/settings/groups/sign-in", "admin", session_hours="many", sign_in_attempts="7")
    assert answer.status_code == 422
    assert ('id="f-session_hours-fault"' in answer.text, 'value="7"' in answer.text) == (True, True)
    answer = await desk.post(path, "admin", office_name="Urząd\0")
    assert (answer.status_code, "cannot be shown" in answer.text) == (422, True)
    answer = await desk.send(
        path, "admin", office_name="  Urząd  Próbny ", language="en", union_words="Unia Europejska"
    )
    assert "The office: changed, and in force." in answer.text
    (entry,) = await HistoryEntry.filter(object="office:1")
    assert entry.after == {"office_name": "Urząd Próbny"}, "what stays as it is is not touched"
    assert "Name of the office: Urząd Próbny" in await desk.read(path, "admin")
    answer = await desk.post(path, "admin", office_name="Urząd Próbny")
    assert answer.headers["location"] == "/admin/settings", "nothing differs"
    for name in ("mail", "log", "none"):
        assert (await desk.get(f"/admin/settings/groups/{name}", "admin")).status_code == 404
    assert (await desk.get(path, "facilities")).status_code == 403


async def test_no_secret_is_in_an_answer_the_history_or_the_database(
    desk: Desk, server: MailServer, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    channels = f"Signal=signal://user:{PASSWORD}@host:8080/+48/{{address}}"
    await desk.post("/admin/settings/mail", "admin", **fields_of(server))
    await desk.send("/admin/settings/notice_channels", "admin", secret=channels)
    answer = await desk.post("/admin/settings/notice_channels", "admin", secret=f"{PASSWORD} x")
    assert (answer.status_code, "Write each like Signal=" in answer.text) == (422, True)
    text = answer.text
    answer = await desk.api("PUT", "/settings/notice_channels", "admin", json={"value": PASSWORD})
    assert answer.status_code == 422
    text += answer.text
    for path in ("/admin/settings", "/admin/settings/mail", "/admin/settings/notice_channels", "/admin/history",
                 "/admin/history.csv", "/admin/system", "/admin/outbox"):  # fmt: skip
        text += (await desk.get(path, "admin")).text
    for path in ("/settings", "/settings/smtp_password", "/system", "/history/office:1"):
        text += (await desk.api("GET", path, "admin")).text
    assert "Signal" in text
    assert PASSWORD not in text
    rows = "".join(sqlite3.connect(database.url.removeprefix("sqlite://")).iterdump())
    assert "notice_channels" in rows
    assert PASSWORD not in rows
    assert PASSWORD not in caplog.text
    entries = [(entry.before, entry.after) async for entry in HistoryEntry.filter(object="office:1").order_by("seq")]
    assert entries[0][1]["smtp_password"] == "set"
    assert "Password set, and not shown" in await desk.read("/admin/history", "admin")
    assert entries[1] == ({"notice_channels": None}, {"notice_channels": "set"})


async def test_a_program_reads_and_changes_settings(desk: Desk, server: MailServer) -> None:
    page = (await desk.api("GET", "/settings?limit=200", "admin")).json()
    ours = {one["name"]: one for one in page["items"]}
    assert (page["next"], page["total"]) == (None, len(Settings.model_fields))
    assert (ours["office_address"]["origin"], ours["office_address"]["changed_from_pages"]) == ("environment", False)
    assert (ours["log_level"]["choices"], ours["smtp_password"]["value"]) == (
        ["DEBUG", "INFO", "WARNING", "ERROR"],
        None,
    )
    answer = await desk.api("PUT", "/settings/office_name", "admin", json={"value": "Urząd"})
    assert (answer.status_code, answer.json()["value"], answer.json()["origin"]) == (200, "Urząd", "page")
    assert desk.app.state.options.declaration.entity == "Urząd"
    answer = await desk.api("PUT", "/settings/office_name", "admin", json={"value": None})
    assert answer.json()["origin"] == "default"
    values = {"smtp_host": "127.0.0.1", "smtp_port": str(server.port), "smtp_tls": "starttls", "smtp_user": "izba",
              "smtp_password": PASSWORD}  # fmt: skip
    answer = await desk.api("PATCH", "/settings", "admin", json={"values": values})
    assert [one["name"] for one in answer.json()] == list(values)
    answer = await desk.api("POST", "/settings/mail/trial", "admin", json={"to": "szef@urzad.example"})
    assert (answer.status_code, answer.json()) == (200, {"sent": True})
    server.answer = lambda recipient: "450 later"
    answer = await desk.api("POST", "/settings/mail/trial", "admin", json={"to": "szef@urzad.example"})
    assert (answer.status_code, answer.json()["code"]) == (503, "mail.refused")
    for path, value, code in (
        ("office_address", "x", "settings.fixed"), ("port", "1", "settings.fixed"), ("nothing", "x", "settings.none"),
        ("backup_hour", "30", "settings.bad"), ("smtp_host", "obca", "settings.password_again"),
    ):  # fmt: skip
        answer = await desk.api("PUT", f"/settings/{path}", "admin", json={"value": value})
        assert answer.json()["code"] == code, json.dumps(answer.json())
    assert (await desk.api("PUT", "/settings/funding", "facilities", json={"value": "x"})).status_code == 403
    assert await Person.filter(login="admin").exists()


async def test_a_form_from_before_sets_nothing_back_unseen(desk: Desk) -> None:
    path = "/admin/settings/groups/sign-in"
    first = {"session_hours": "12", "sign_in_attempts": "5", "sign_in_window_minutes": "15"}
    marks = {f"{name}_was": text for name, text in first.items()}
    page = (await desk.get(path, "admin")).text
    for name, text in marks.items():
        assert f'name="{name}" value="{text}"' in page
    await desk.post(path, "admin", **first | marks | {"session_hours": "8", "sign_in_attempts": "7"})
    await desk.post(path, "admin", **first | marks | {"sign_in_attempts": "7", "sign_in_window_minutes": "20"})
    options = {line.name: line.value for line in desk.app.state.desk.settings()}
    assert [options[name] for name in first] == ["8", "7", "20"], "what was not touched stays as it is in force"
    answer = await desk.post(path, "admin", **first | marks | {"session_hours": "9"})
    assert (answer.status_code, "Somebody changed this meanwhile" in answer.text) == (412, True)
    assert 'value="9"' in answer.text
    for name, text in (("session_hours", "8"), ("sign_in_attempts", "7"), ("sign_in_window_minutes", "20")):
        assert f'name="{name}_was" value="{text}"' in answer.text, "sent again it means what is in force now"


async def test_a_password_goes_to_the_server_that_was_seen(desk: Desk, server: MailServer) -> None:
    marks = {"host_was": "", "port_was": "587", "tls_was": "starttls", "user_was": "", "sender_was": ""}
    assert 'name="host_was" value=""' in (await desk.get("/admin/settings/mail", "admin")).text
    await desk.post("/admin/settings/mail", "admin", **fields_of(server, host="obca.example", sender="") | marks)
    fields = {"host": "", "port": "587", "tls": "starttls", "user": "", "sender": "", "password": "inne"}
    answer = await desk.post("/admin/settings/mail", "admin", **fields | marks)
    assert (answer.status_code, 'id="f-host-fault"' in answer.text) == (412, True)
    assert 'value="obca.example"' in answer.text
    answer = await desk.send("/admin/settings/mail", "admin", **fields | marks | {"password": "", "sender": "a@b.pl"})
    assert answer.status_code == 200, "what is only beside it may be changed"
