"""What an office sets from its pages is in force, unless the environment or the file says otherwise."""

import asyncio
import logging
from pathlib import Path

import asyncpg
import orjson
import pytest
from pydantic import SecretStr, ValidationError

from config.notices import CHANNEL, notices, pack
from config.office import (
    OF_THE_OFFICE,
    OfficeSettings,
    begin,
    follow,
    in_force,
    open_to_office,
    site_options,
    stored_value,
    use,
    value_of,
    with_office,
)
from config.settings import Settings
from registry.core.events import OfficeChanged
from registry.core.history import SYSTEM
from registry.office.actions import add_site, change_settings
from registry.people import policy
from registry.rooms.places import NewSite
from tests.conftest import Database
from tests.make import NOW
from web.app import create_site

pytestmark = pytest.mark.databases("sqlite")
KEY = "k" * 40


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    monkeypatch.chdir(tmp_path)
    return Settings(secret_key=KEY, data_dir=tmp_path)


def test_every_setting_of_the_office_is_read_as_the_environment_brings_it() -> None:
    defaults = Settings.model_construct()
    for name in OF_THE_OFFICE:
        value = getattr(defaults, name)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        assert value_of(name, text) == value, name
    with pytest.raises(ValidationError):
        value_of("session_hours", "many")


def test_the_environment_wins_and_what_fits_no_more_is_left_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("IZBA_OFFICE_NAME", "Of the environment")
    settings = Settings(secret_key=KEY)
    values = {"office_name": "Of the page", "funding": "UE", "session_hours": "many", "port": "1"}
    with caplog.at_level(logging.WARNING):
        ours = with_office(settings, values)
    assert (ours.office_name, ours.funding, ours.session_hours, ours.port) == ("Of the environment", "UE", 12, 8000)
    assert "session_hours fits no more" in caplog.text


async def test_a_change_is_in_force_at_once(settings: Settings, database: object) -> None:
    app = create_site(await site_options(settings))
    static = app.state.pages.static_hash
    office = OfficeSettings(settings)
    unfollow = follow(app, office, ())
    level = logging.getLogger().level
    try:
        values = {"language": "en", "office_name": "Urząd", "session_hours": "3", "log_level": "ERROR"}
        await change_settings(values, SYSTEM, NOW)
        await add_site(NewSite("a", "Azory", "Atlantic/Azores"), SYSTEM, NOW)
        options = app.state.options
        assert (options.language, options.declaration.entity, options.timezone) == ("en", "Urząd", "Atlantic/Azores")
        assert app.state.pages.options is options
        assert app.state.pages.static_hash == static
        assert policy.in_force().session_hours == 3
        assert office.stored == frozenset(values)
        assert logging.getLogger().level == logging.ERROR
        unfollow()
        await change_settings({"language": None}, SYSTEM, NOW)
        assert app.state.options.language == "en", "nobody follows any more"
        ours = await in_force(settings)
        use(ours)
        assert (ours.language, ours.office_name) == ("pl", "Urząd")
    finally:
        logging.getLogger().setLevel(level)


@pytest.mark.parametrize("name", ["smtp_host", "smtp_user", "smtp_password"])
def test_the_machine_that_sets_a_part_of_the_mail_server_sets_all_of_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The password that it holds is for its own server."""
    assert {"smtp_host", "smtp_port", "smtp_password"} <= open_to_office(settings)
    monkeypatch.setenv(f"IZBA_{name.upper()}", "poczta")
    fixed = OF_THE_OFFICE - open_to_office(Settings(secret_key=KEY))
    assert fixed == {"smtp_host", "smtp_port", "smtp_tls", "smtp_user", "smtp_password"}
    ours = with_office(Settings(secret_key=KEY), {"smtp_port": "25", "smtp_from": "izba@urzad.example"})
    assert (ours.smtp_port, ours.smtp_from) == (587, "izba@urzad.example")


async def test_a_secret_is_in_force_and_one_of_another_key_is_told(
    settings: Settings, database: object, caplog: pytest.LogCaptureFixture
) -> None:
    await change_settings({"smtp_password": stored_value("smtp_password", "tajne", settings)}, SYSTEM, NOW)
    assert (await in_force(settings)).smtp_password.get_secret_value() == "tajne"
    moved = OfficeSettings(settings.model_copy(update={"secret_key": SecretStr("n" * 40)}))
    for _ in range(2):
        await moved.look()
    assert moved.now.smtp_password.get_secret_value() == ""
    assert moved.stored == {"smtp_password"}
    assert caplog.text.count("smtp_password was stored under another secret key") == 1, "told once, not at each look"


@pytest.mark.databases("postgres")
async def test_another_process_hears_of_a_change(settings: Settings, database: Database) -> None:
    """It has stored the change and tells; this one listens. Told twice it is the same."""
    office = OfficeSettings(settings)
    app = create_site(await site_options(settings))
    unfollow = follow(app, office, ())
    _, events_of_another = orjson.loads(pack([OfficeChanged()]))
    message = orjson.dumps(["another process", events_of_another]).decode()
    another = await asyncpg.connect(database.url)
    try:
        await another.execute("INSERT INTO office_setting VALUES ('office_name', 'Urząd', now())")
        async with notices(database.url), asyncio.timeout(60):
            while app.state.options.declaration.entity != "Urząd":  # until it listens nobody hears
                await another.execute("SELECT pg_notify($1, $2)", CHANNEL, message)
                await asyncio.sleep(0.05)
    finally:
        await another.close()
        unfollow()
    assert office.now.office_name == "Urząd"


async def test_the_level_of_the_log_holds_after_a_restart(settings: Settings, database: object) -> None:
    level = logging.getLogger().level
    try:
        await begin(OfficeSettings(settings))
        assert logging.getLogger().level == level, "the office has set nothing"
        await change_settings({"log_level": "ERROR"}, SYSTEM, NOW)
        await begin(OfficeSettings(settings))
        assert logging.getLogger().level == logging.ERROR
    finally:
        logging.getLogger().setLevel(level)


async def test_what_a_process_did_not_hear_is_repaired(settings: Settings, database: object) -> None:
    office = OfficeSettings(settings)
    app = create_site(await site_options(settings))
    await change_settings({"office_name": "Urząd"}, SYSTEM, NOW)
    unfollow = follow(app, office, ())
    await office.catch_up(NOW)
    assert app.state.options.declaration.entity == office.now.office_name == "Urząd"
    options = app.state.options
    await office.catch_up(NOW)
    assert app.state.options is options, "nothing differs"
    unfollow()


async def test_what_could_not_be_followed_at_once_is_followed_later(
    settings: Settings, database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = OfficeSettings(settings)
    app = create_site(await site_options(settings))
    unfollow = follow(app, office, ())

    async def away(*values: object) -> None:
        raise OSError

    monkeypatch.setattr("config.office.site_options", away)
    await change_settings({"office_name": "Urząd"}, SYSTEM, NOW)
    assert app.state.options.declaration.entity == ""
    monkeypatch.undo()
    await office.catch_up(NOW)
    unfollow()
    assert app.state.options.declaration.entity == "Urząd"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sign_in_window_minutes", "2000000000"), ("sign_in_attempts", "2000000000"), ("fixed_asset_above", "1e400"),
        ("smtp_host", "poczta..urzad.example"), ("smtp_host", ".urzad.example"), ("smtp_host", "x" * 64 + ".example"),
    ],
)  # fmt: skip
def test_what_would_stop_izba_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValidationError):
        value_of(name, text)
    for host in ("poczta.urzad.example", "pocztą.urzad.example", "::1", "127.0.0.1", "localhost"):
        assert value_of("smtp_host", host) == host
