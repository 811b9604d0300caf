"""What an operator reads is wholly in the site's language, and ends with what to do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Settings
from registry.core.errors import words
from tests.config.test_cli import Izba
from tests.config.test_settings import FAULTS
from web.kit.i18n import translate

ENGLISH = re.compile(r"\b(the|it|its|is|are|an|cannot|not|of|from|should|valid|with|that|there|and|read)\b", re.I)
POLISH = re.compile(r"[ąćęłńóśźż]|\b([Nn]ie|[Jj]est|albo|[Uu]staw|pliku)\b")
FOREIGN = {"pl": ENGLISH, "en": POLISH}

MORE = {
    "a port beyond all": {"PORT": "70000"},
    "attempts in words": {"SIGN_IN_ATTEMPTS": "many"},
    "an address of another machine": {"HOST": "192.0.2.1"},
    "a name of nobody": {"HOST": "no such host"},
    "no database": {"DATABASE_URL": "postgres://x@127.0.0.1:1/none"},
    "no directory": {"DATABASE_URL": "sqlite:///nonexistent/a.sqlite3"},
    "no database file": {"DATABASE_URL": "sqlite:///etc/passwd"},
    "a secret from nowhere": {"SECRET_KEY_FILE": "/nonexistent"},
    "a secret from a directory": {"SECRET_KEY_FILE": "/"},
    "a secret of nothing": {"SECRET_KEY_FILE": "/dev/null"},
    "a secret twice": {"SECRET_KEY_FILE": "/etc/hostname", "SECRET_KEY": "k" * 32},
    "a place that nobody writes to": {"DATA_DIR": "/proc/none"},
}
WRONG = {**{name: {setting: value} for name, (setting, value, _) in FAULTS.items()}, **MORE}


@pytest.fixture(params=["pl", "en"])
def new_izba(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Izba:
    """Without a register: the first command makes it."""
    monkeypatch.chdir(tmp_path)
    return Izba(tmp_path, IZBA_LANGUAGE=request.param)


@pytest.fixture(params=["pl", "en"])
def izba(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path
) -> Izba:
    """With an empty register."""
    monkeypatch.chdir(tmp_path)
    return Izba(tmp_path, sqlite_template, IZBA_LANGUAGE=request.param)


def in_one_language(izba: Izba, line: str) -> None:
    bare = re.sub(r"\S*[/:_=]\S*|“.*?”|„.*?”|KŚT", "", line)  # addresses, names of settings, quotations
    assert not FOREIGN[izba.env["IZBA_LANGUAGE"]].search(bare), line
    assert line.endswith((".", "migrate")), line


def well_said(izba: Izba, text: str) -> str:
    for line in text.splitlines():
        in_one_language(izba, line)
        assert line.count(". ") >= 1, f"it does not say what to do: {line}"
    return text


@pytest.mark.parametrize("values", WRONG.values(), ids=WRONG)
def test_a_fault_of_the_configuration(izba: Izba, values: dict[str, str]) -> None:
    ended = izba("check", **{f"IZBA_{name}": value for name, value in values.items() if name != "LANGUAGE"})
    if "LANGUAGE" not in values:
        assert ended.returncode == 2
    well_said(izba, ended.stderr.decode())


TOML = {
    "a broken line": b"port = 1\nhost = = 2",
    "no end": b'host = "x',
    "not utf-8": b'host = "\xff"',
    "no such setting": b"nonsense = 1",
    "a mistyped setting": b"prot = 1",
    "a number for text": b"host = 5",
    "a word for a list": b"mqtt_families = 5",
}


@pytest.mark.parametrize("content", TOML.values(), ids=TOML)
def test_a_fault_of_the_settings_file(izba: Izba, content: bytes) -> None:
    Path("izba.toml").write_bytes(content)
    text = well_said(izba, izba.refused("check"))
    assert "izba.toml" in text or "IZBA_" in text


def test_the_language_may_stand_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("izba.toml").write_text('language = "en"\nport = "x"')
    izba = Izba(tmp_path)
    del izba.env["IZBA_PORT"]
    assert "Set a whole number from 1 to 65535." in izba.refused("check")


def test_the_meaning_of_every_setting_is_translated() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert translate("pl")(field.description) != field.description, name


LISTS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(b"\x00\x01\x02" * 50),
    "no spreadsheet": lambda path: path.write_bytes(b"PK\x03\x04 no spreadsheet"),
    "no header": lambda path: path.write_bytes(b"ala;ma;kota\n1;2;3"),
    "a directory": lambda path: path.mkdir(),
    "not there": lambda path: None,
}


@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_a_list_that_cannot_be_read(izba: Izba, make: Callable[[Path], object]) -> None:
    make(izba.home / "lista.csv")
    well_said(izba, izba.refused("import", izba.home / "lista.csv"))


ROWS = """Nr inw.;Nazwa;KŚT;Data OT;Wartość;Pokój;Nr seryjny;Ilość;Środki UE;Udział UE %;Status;OMO
A/1;;meble;30.02.2022;dużo;9.99;6.37702E+15;x;może;400;zaginiony;nikt
A/1;Stół;491;1850;-5;0.02;;2;tak;0,5;;
;Stół;808;1.1.22;;;;3;;;;
"""


def test_what_is_wrong_with_rows(izba: Izba) -> None:
    path = izba.home / "lista.csv"
    path.write_text(ROWS)
    ended = izba("import", path, "--dry-run")
    assert ended.returncode == 1
    problems = [line for line in ended.stdout.decode().splitlines() if " – " in line]
    assert len(problems) > 12
    for line in problems:
        in_one_language(izba, line.partition(" – ")[2])


def test_what_a_command_says_when_it_worked(new_izba: Izba) -> None:
    izba = new_izba
    copy = izba.home / "copy.sqlite3"
    text = izba.done("migrate") + izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne")
    text += izba.done("check") + izba.done("verify", "history")
    text += izba.done("backup", copy) + izba.done("restore", copy)
    foreign = FOREIGN[izba.env["IZBA_LANGUAGE"]]
    assert [line for line in text.splitlines() if foreign.search(re.sub(r"\S*/\S*", "", line))] == []
    for broken in (izba.home / "none", izba.home):
        well_said(izba, izba.refused("restore", broken))
    well_said(izba, izba.refused("backup", copy))
    well_said(izba, izba.refused("export", "assets", "-o", "/proc/none.csv"))
    well_said(izba, izba.refused("backup", "/proc/none"))


def test_a_reason_that_nothing_is_known_of_is_quoted() -> None:
    from config.faults import database_reason
    from registry.core.system_reasons import system_reason

    for reason in (database_reason(RuntimeError("odd")), system_reason(OSError(9999, "odd"))):
        assert "“odd”" in reason
        assert "„odd”" in words("database.away", {"reason": reason}, translate("pl"))
