"""What an office sets from its pages is in force, unless the environment or the file says otherwise."""

import logging
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.office import OF_THE_OFFICE, follow, in_force, site_options, use, value_of, with_office
from config.settings import Settings
from registry.core.history import SYSTEM
from registry.office.actions import add_site, change_settings
from registry.people import policy
from registry.rooms.places import NewSite
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
    unfollow = follow(app, settings, ())
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
        assert logging.getLogger().level == logging.ERROR
        unfollow()
        await change_settings({"language": None}, SYSTEM, NOW)
        assert app.state.options.language == "en", "nobody follows any more"
        ours = await in_force(settings)
        use(ours)
        assert (ours.language, ours.office_name) == ("pl", "Urząd")
    finally:
        logging.getLogger().setLevel(level)
