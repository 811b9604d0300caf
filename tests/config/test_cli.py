"""The command line as an operator types it: each command in a process of its own, on a data directory of its own."""

import csv
import errno
import fcntl
import io
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.commands.root import main
from config.commands.terminal import in_register
from config.serving import _unclaimed
from config.settings import load
from registry.core import seals
from tests.registry.importing.samples import EXPECTED, SAMPLES, differences
from tests.servers import Postgres, free_port

ROOT = Path(__file__).parents[2]
HELP_POINT = ROOT / "config" / "demo" / "data" / "help-point"


class Izba:
    """A data directory, with a copy of this register if there is one, and the command. What serves is started as a
    process, all else is called in this one.
    """

    def __init__(self, home: Path, register: Path | None = None, **env: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("IZBA_")}
        ports = {"IZBA_PORT": str(free_port()), "IZBA_MQTT_PORT": str(free_port())}
        self.home, self.env = home, {**environment, **ports, "IZBA_DATA_DIR": str(home / "var"), **env}
        if register:
            (home / "var").mkdir(parents=True)
            shutil.copy(register, home / "var" / "izba.sqlite3")

    def __call__(self, *args: object, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        words = [str(arg) for arg in args]
        if words[0] in ("serve", "demo"):
            command = [sys.executable, "-m", "config", *words]
            return subprocess.run(
                command, capture_output=True, env={**self.env, **env}, cwd=ROOT, timeout=300, check=False
            )
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
        with self._settings(env) as patch:
            patch.setattr(sys, "argv", ["izba", *words])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = _ended()
        return subprocess.CompletedProcess(words, code, out.buffer.getvalue(), err.buffer.getvalue())  # type: ignore[attr-defined]  # BytesIO

    @contextmanager
    def _settings(self, env: dict[str, str]) -> Iterator[pytest.MonkeyPatch]:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("IZBA_")]:
                patch.delenv(name)
            for name, value in {**self.env, **env}.items():
                if name.startswith("IZBA_"):
                    patch.setenv(name, value)
            yield patch

    def within(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """What a piece of work on this directory's register returns."""
        with self._settings({}):
            return in_register(load(), work)

    def done(self, *args: object, **more: bytes) -> str:
        """What a command that must succeed printed."""
        ended = self(*args, **more)
        assert ended.returncode == 0, ended.stderr.decode()
        return ended.stdout.decode()

    def refused(self, *args: object, code: int = 2, **env: str) -> str:
        """The one line of a command that must refuse."""
        ended = self(*args, **env)
        line = ended.stderr.decode().strip()
        assert (ended.returncode, len(line.splitlines())) == (code, 1), line
        return line


def _ended() -> int:
    """The exit code of the command in sys.argv."""
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture
def izba(tmp_path: Path, sqlite_template: Path) -> Izba:
    """With an empty register."""
    return Izba(tmp_path, sqlite_template)


@pytest.fixture
def new_izba(tmp_path: Path) -> Izba:
    """Without a register: the first command makes it."""
    return Izba(tmp_path)


def test_from_nothing_to_an_account_with_a_token(new_izba):
    izba = new_izba
    assert "aktualna" in izba.done("migrate")
    assert "aktualna" in izba.done("migrate")
    assert izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo") == "Dodano ala.\n"
    first, second = (izba.done("tokens", "add", "ala", "--name", "skrypt").strip() for _ in range(2))
    assert first.startswith("izba_")
    assert first != second
    assert "ala" in izba.refused("users", "add", "ala", "--role", "member")
    assert "king" in izba.refused("users", "add", "ela", "--role", "king")
    assert "nobody" in izba.refused("tokens", "add", "nobody", "--name", "x")
    assert izba.done("check") == "Nie znaleziono błędów.\n"


def test_refusals_are_in_the_site_s_language(izba):
    assert "Nie ma roli king" in izba.refused("users", "add", "ela", "--role", "king")
    assert "There is no role king" in izba.refused("users", "add", "ela", "--role", "king", IZBA_LANGUAGE="en")


def test_the_help_point_goes_in_and_comes_out_the_same(izba, sqlite_template):
    for name in ("buildings.csv", "rooms.csv", "organizations.csv", "role_accounts.csv"):
        izba.done("import", HELP_POINT / name)
    report = json.loads(izba.done("import", HELP_POINT / "assets.csv", "--json", "--dry-run"))
    assert (len(report["rows"]), report["encoding"], report["delimiter"]) == (595, "utf-8-sig", ";")
    assert izba.done("export", "assets").count("\n") == 1
    izba.done("import", HELP_POINT / "assets.csv")
    out = izba.home / "out.csv"
    izba.done("export", "assets", "-o", out)
    rows = list(csv.DictReader(io.StringIO(out.read_text("utf-8-sig")), delimiter=";"))
    assert len(rows) == 595
    again = json.loads(izba("import", out, "--json", "--dry-run").stdout)
    assert {row["fate"] for row in again["rows"]} == {"same"}, "what comes back as it left changes nothing"
    assert izba.done("export", "assets", "--format", "xlsx", "-o", izba.home / "out.xlsx") == ""
    other = Izba(izba.home / "other", sqlite_template)
    for name in ("buildings.csv", "rooms.csv", "organizations.csv", "role_accounts.csv"):
        other.done("import", HELP_POINT / name)
    other.done("import", izba.home / "out.xlsx")
    assert other.done("export", "assets") == izba.done("export", "assets")


def test_labels_are_printed_into_a_file_and_remembered(izba):
    for name in ("buildings.csv", "rooms.csv", "organizations.csv", "role_accounts.csv"):
        izba.done("import", HELP_POINT / name)
    izba.done("import", HELP_POINT / "assets.csv")
    out = izba.home / "l.pdf"
    assert "88" in izba.done("labels", "--room", "ZW-01", "--format", "a4-24", "-o", out)
    assert out.read_bytes()[:4] == b"%PDF"
    with sqlite3.connect(izba.home / "var" / "izba.sqlite3") as database:
        codes = [code for (code,) in database.execute("SELECT code FROM tag WHERE printed_at IS NOT NULL")]
        assert len(codes) == 88
    file = izba.home / "codes.txt"
    file.write_text("\n".join(codes[:3]), "utf-8")
    izba.done("labels", "--tags", file, "--format", "50x30", "-o", izba.home / "l.zpl")
    assert (izba.home / "l.zpl").read_text("utf-8").count("^XA") == 3
    izba.done("labels", "--blank", "5", "--format", "a4-65", "-o", out)
    for arguments in ((), ("--room", "XX-99"), ("--room", "ZW-01", "--format", "a5"), ("--tags", izba.home / "none")):
        izba.refused("labels", *arguments, "-o", out)
    assert "nowhere" in izba.refused("labels", "--room", "ZW-01", "-o", izba.home / "nowhere" / "l.pdf")


def test_an_import_says_how_it_went_by_its_exit_code(izba):
    assert "none.csv" in izba.refused("import", izba.home / "none.csv")
    bad = izba.home / "bad.csv"
    bad.write_bytes("Nazwa;Cena;Data zakupu\nKrzesło;450,00;30.02.2022\nStół;900,00;01.03.2022\n".encode("cp1250"))
    ended = izba("import", bad)
    assert ended.returncode == 1
    assert "30.02.2022" in ended.stdout.decode()
    assert "Wydział" in izba.refused("import", bad, "--keep", "Cena", "--keep", "Wydział")
    assert "KPUW" in izba.refused("import", bad, "--number-unit", "KPUW")
    bad.write_bytes(b"\x00\x01\x02" * 50)
    assert izba("import", bad).returncode == 2


@pytest.mark.parametrize("name", EXPECTED)
def test_the_sample_lists_are_read_as_they_should_be(izba, name):
    ended = izba("import", SAMPLES / name, "--dry-run", "--json")
    assert ended.returncode == (1 if "errors" in json.dumps(EXPECTED[name]) else 0)
    assert differences(json.loads(ended.stdout), EXPECTED[name]) == []


def test_the_account_follows_the_policy_of_the_day_that_a_piece_came(izba):
    path = izba.home / "lista.csv"
    path.write_text("Nr inw.;Nazwa;Wartość;Data OT\nA/1;Stół;4000;1.4.2017\nA/2;Stół;4000;1.4.2022\nA/3;Lampa;400;\n")
    report = json.loads(izba.done("import", path, "--dry-run", "--json"))
    assert [row["values"]["account"] for row in report["rows"]] == ["011", "013", "poz"]
    policy = {"IZBA_FIXED_ASSET_ABOVE": "4000, 2020-01-01=3999.99", "IZBA_QUANTITY_ONLY_BELOW": "400"}
    report = json.loads(izba("import", path, "--dry-run", "--json", **policy).stdout)
    assert [row["values"]["account"] for row in report["rows"]] == ["013", "011", "013"]


def test_bookings_and_history_are_exported(izba):
    izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
    rows = list(csv.reader(io.StringIO(izba.done("export", "history")), delimiter=";"))
    assert len(rows) > 1
    assert izba.done("export", "bookings").startswith("\ufeffid;")
    izba.done("export", "history", "--format", "xlsx", "-o", izba.home / "h.xlsx")
    assert (izba.home / "h.xlsx").read_bytes()[:2] == b"PK"
    assert "nowhere" in izba.refused("export", "history", "-o", izba.home / "nowhere" / "h.csv")
    assert "sofas" in izba.refused("export", "sofas")
    assert "pdf" in izba.refused("export", "assets", "--format", "pdf")


def test_an_altered_history_is_found(izba):
    izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
    assert "wszystkie nienaruszone" in izba.done("verify", "history")
    with sqlite3.connect(izba.home / "var" / "izba.sqlite3") as database:
        database.execute("UPDATE history_entry SET actor = 'ktoś inny'")
    database.close()
    ended = izba("verify", "history")
    assert ended.returncode == 1
    assert "Zmieniono: person:" in ended.stdout.decode()


def test_a_history_that_was_built_anew_lacks_the_seal_that_was_kept(izba):
    izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
    seal = izba.within(lambda: seals.seal(datetime.now(UTC))).hash
    text = izba.done("verify", "history", "--seal", seal)
    assert text.splitlines()[-1].endswith(seal)
    with sqlite3.connect(izba.home / "var" / "izba.sqlite3") as database:  # all of it, so that no chain is broken
        for table in ("history_entry", "history_seal", "sqlite_sequence"):
            database.execute(f"DELETE FROM {table}")
    database.close()
    alone = izba("verify", "history")
    assert (alone.returncode, "person:" in alone.stdout.decode()) == (1, True), "no entry tells of the account"
    ended = izba("verify", "history", "--seal", seal)
    assert ended.returncode == 1
    assert "zbudowano ją od nowa" in ended.stdout.decode()


def test_a_copy_is_checked_before_it_is_put_back(izba):
    izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
    copy = izba.home / "copy.sqlite3"
    assert str(copy) in izba.done("backup", copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "copy.sqlite3" in izba.refused("backup", copy)
    izba.done("users", "add", "ela", "--role", "member", "--password", "bardzo tajne haslo")
    assert "before-restore" in izba.done("restore", copy)
    assert "ela" in izba.refused("tokens", "add", "ela", "--name", "x")
    izba.done("tokens", "add", "ala", "--name", "x")
    broken = izba.home / "broken"
    broken.write_bytes(b"not a database" * 100)
    assert "broken" in izba.refused("restore", broken)
    assert "none" in izba.refused("restore", izba.home / "none")
    with sqlite3.connect(copy) as database:
        database.execute("UPDATE history_entry SET reason = 'inny'")
    database.close()
    assert "copy.sqlite3" in izba.refused("restore", copy)
    izba.done("tokens", "add", "ala", "--name", "y")


def test_a_copy_is_not_put_under_a_running_server(izba):
    """It would write into the former file, and lose all that it answered since."""
    izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
    copy = izba.home / "copy.sqlite3"
    izba.done("backup", copy)
    izba.done("users", "add", "ela", "--role", "member", "--password", "bardzo tajne haslo")
    with open(izba.home / "var" / "running.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert str(izba.home / "var") in izba.refused("restore", copy)
    izba.done("tokens", "add", "ela", "--name", "x")
    assert not list((izba.home / "var").glob("*restor*"))


def test_a_copy_of_postgres(postgres: Postgres, tmp_path: Path):
    postgres.sql("CREATE DATABASE copied TEMPLATE izba_template")
    izba = Izba(tmp_path, IZBA_DATABASE_URL=postgres.url("copied"))
    try:
        izba.done("users", "add", "ala", "--role", "admin", "--password", "bardzo tajne haslo")
        copy = tmp_path / "copy.dump"
        izba.done("backup", copy)
        izba.done("users", "add", "ela", "--role", "member", "--password", "bardzo tajne haslo")
        izba.done("restore", copy)
        assert "ela" in izba.refused("tokens", "add", "ela", "--name", "x")
        izba.done("tokens", "add", "ala", "--name", "x")
        broken = tmp_path / "broken"
        broken.write_bytes(b"no dump")
        assert "broken" in izba.refused("restore", broken)
    finally:
        postgres.sql("DROP DATABASE copied WITH (FORCE)")


def test_what_is_understood_of_a_message(izba):
    answer = izba.done("devices", "decode", "--topic", "zigbee2mqtt/sala", stdin=b'{"occupancy": true, "battery": 91}')
    assert json.loads(answer)["occupied"] is True
    lines = izba.done("devices", "decode", "--jsonl", ROOT / "tests" / "data" / "mqtt" / "zigbee2mqtt.jsonl")
    assert len(lines.splitlines()) == 34
    bound = izba.done("devices", "decode", "--topic", "a/b", "--bind", "occupancy=ruch", stdin=b'{"ruch": 1}')
    assert json.loads(bound)["occupied"] is True
    assert "none" in izba.refused("devices", "decode", "--jsonl", izba.home / "none")


def test_a_line_that_is_no_message_keeps_no_other_from_being_read(izba):
    good = '{"topic": "zigbee2mqtt/sala", "payload": "{\\"occupancy\\": true}"}'
    bad = ["none", "[]", "{}", '{"topic": 1}', '{"topic": "a", "payload": "x", "payload_encoding": "base64"}', "\xff"]
    file = izba.home / "kept.jsonl"
    file.write_bytes("\n".join([*bad, good]).encode("latin-1"))
    answers = [json.loads(line) for line in izba.done("devices", "decode", "--jsonl", file).splitlines()]
    assert [bool(line.get("refused")) for line in answers] == [True] * len(bad) + [False]
    assert answers[-1]["occupied"] is True


def test_the_broker_s_configuration_is_whole(izba):
    text = izba.done("broker-config", "mosquitto")
    assert {"set_tcp_nodelay true", "allow_anonymous false"} <= set(text.splitlines())
    assert "izba/devices/ZW-01-occ/#" in text
    assert "emqx" in izba.refused("broker-config", "emqx")


def test_every_fault_of_the_configuration_is_told_at_once(izba):
    ended = izba("check", IZBA_PORT="0", IZBA_LANGUAGE="fr", IZBA_MQTT_URL="http://x")
    assert ended.returncode == 2
    assert {line.split(":")[0] for line in ended.stderr.decode().splitlines()} == {
        "IZBA_PORT", "IZBA_LANGUAGE", "IZBA_MQTT_URL",
    }  # fmt: skip
    away = {"IZBA_DATABASE_URL": "postgres://x@127.0.0.1:1/none", "IZBA_BACKUP_DIR": "/backup/away"}
    ended = izba("check", **away, IZBA_LANGUAGE="en")
    database, folder = ended.stderr.decode().splitlines()
    assert (ended.returncode, "IZBA_DATABASE_URL" in database) == (2, True)
    assert folder.startswith("/backup/away cannot be written: it is not there.")


@pytest.mark.parametrize(
    ("command", "host"),
    [("check", "192.0.2.1"), ("check", "2001:db8::1"), ("check", "no such host"), ("serve", "192.0.2.1")],
)
def test_an_address_of_another_machine_is_not_called_taken(izba, command, host):
    line = izba.refused(command, IZBA_HOST=host, IZBA_LANGUAGE="en")
    assert line.startswith(f"{host} is no address of this machine. Set IZBA_HOST to 127.0.0.1")


def test_a_port_that_cannot_be_had_says_why(izba):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        assert f"Port {port} on 127.0.0.1 is taken" in izba.refused("check", IZBA_PORT=str(port), IZBA_LANGUAGE="en")
        holder.listen()
        for first in (port, port - 1):  # the embedded broker has the next one too
            assert "set IZBA_MQTT_PORT" in izba.refused("check", IZBA_MQTT_PORT=str(first), IZBA_LANGUAGE="en")
    # root may listen everywhere, so what the system answers to others is put in its place
    assert "Set IZBA_PORT to 1024 or above" in str(_unclaimed("127.0.0.1", 80, OSError(errno.EACCES, "")))


def test_a_newer_database_is_left_alone(izba):
    izba.done("migrate")
    path = izba.home / "var" / "izba.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute(
            "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('registry', '0999_tomorrow', '2030-01-01')"
        )
    database.close()
    for command in ("migrate", "serve", "demo"):
        assert "0999_tomorrow" in izba.refused(command)


def test_a_second_server_on_one_directory_is_refused(izba):

    izba.done("migrate")
    with open(izba.home / "var" / "running.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in (("serve",), ("demo", "--fresh")):
            assert str(izba.home / "var") in izba.refused(*command)
    assert (izba.home / "var" / "izba.sqlite3").exists()


def test_a_demo_that_was_ended_while_it_was_filled_begins_anew(izba):
    """Half of the Help Point would stay, and no later start would get beyond it."""
    izba.done("import", HELP_POINT / "buildings.csv")
    izba.done("import", HELP_POINT / "rooms.csv")
    assert str(izba.home / "var") in izba.refused("demo")
    register = izba.home / "var" / "izba.sqlite3"
    with socket.socket() as holder:  # so that it ends after it has looked
        holder.bind(("127.0.0.1", 0))
        izba.refused("demo", IZBA_PORT=str(holder.getsockname()[1]))
        assert register.exists()
        (izba.home / "var" / "demo.unfinished").touch()
        izba.refused("demo", IZBA_PORT=str(holder.getsockname()[1]))
    assert not register.exists()


def test_a_place_that_cannot_be_written_or_opened_is_one_line(izba):
    assert "/proc/none.csv" in izba.refused("export", "assets", "-o", "/proc/none.csv")
    (izba.home / "file").write_text("no database, but text\n" * 100)
    for url in (f"sqlite://{izba.home}/file", f"sqlite://{izba.home}/file/a.sqlite3"):
        assert "IZBA_DATABASE_URL" in izba.refused("migrate", IZBA_DATABASE_URL=url)


KILLED_BEFORE_THE_END = """
import os, signal
from config.commands.root import main
from registry.core import history

write_new = history.write_new

async def killed(entries, *rest):
    await write_new(entries, *rest)
    if entries[0][0].startswith("label_run:"):
        os.kill(os.getpid(), signal.SIGKILL)

history.write_new = killed
main()
"""


def test_a_run_of_labels_that_is_killed_is_not_remembered_and_nothing_of_it(izba: Izba) -> None:
    out = izba.home / "blank.zpl"
    words = ["labels", "--blank", "600", "--format", "50x30", "-o", str(out)]

    def remembered() -> tuple[Any, Any]:
        with closing(sqlite3.connect(izba.home / "var" / "izba.sqlite3")) as database:
            codes = database.execute("SELECT count(*), count(printed_at) FROM tag").fetchone()
            return codes, database.execute("SELECT count(*), coalesce(sum(count), 0) FROM label_run").fetchone()

    ended = subprocess.run([sys.executable, "-c", KILLED_BEFORE_THE_END, *words], env=izba.env, cwd=ROOT, check=False)
    assert (ended.returncode, out.exists(), remembered()) == (-signal.SIGKILL, True, ((0, 0), (0, 0)))
    izba.done(*words)
    assert remembered() == ((600, 600), (1, 600)), "a code is in the register as soon as its run is, and not before"


def set_up_file(home: Path, **more: Any) -> Path:
    content = {
        "settings": {"office_name": "Urząd Próbny"},
        "administrator": {"login": "informatyk", "name": "informatyk", "password": "cztery zwykłe słowa"},
        "site": {"code": "bydgoszcz", "name": "Bydgoszcz"},
        "building": {"code": "B-1", "address": "Próbna 1"},
        "rooms": [{"code": "A-1", "name": "Sala A"}],
    }
    (home / "set-up.json").write_text(json.dumps(content | more), encoding="utf-8")
    return home / "set-up.json"


def test_an_empty_register_is_set_up_by_a_code_or_by_a_file(tmp_path: Path, izba: Izba) -> None:
    printed = izba.done("setup")
    assert re.search(r"/setup i wpisz kod:\n\n    [2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\n", printed)
    server = {"smtp_host": "127.0.0.1", "smtp_port": "9", "smtp_tls": "none", "smtp_password": "tajne-haslo"}
    settings = {"office_name": "Urząd Próbny"} | server
    assert "informatyk" in izba.done("setup", "--json", set_up_file(tmp_path, settings=settings))
    check = izba("check")
    assert (check.returncode, "127.0.0.1:9" in check.stderr.decode()) == (2, True), "it reads what the office set"
    assert b"tajne-haslo" not in (izba.home / "var" / "izba.sqlite3").read_bytes()
    for words in (("setup",), ("setup", "--json", set_up_file(tmp_path))):
        again = izba(*words)
        assert (again.returncode, "ktoś ma konto" in again.stderr.decode()) == (2, True)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"site": {}}, "site.code: Field required"),
        ({"settings": {"port": "1"}}, "port nie jest ustawieniem"),
        ({"settings": {"session_hours": "many"}}, "valid integer"),
        ({"settings": {"office_name": "Urząd\0"}}, "znaki, których nie da się pokazać"),
        ({"settings": {"backup_dir": "copies"}}, "IZBA_BACKUP_DIR"),
        ({"cellar": {}}, "cellar"),
        ({"administrator": {"login": "x", "name": "", "password": "short"}}, "x nie może być loginem"),
    ],
)
def test_a_file_that_does_not_fit_sets_nothing_up(
    tmp_path: Path, izba: Izba, more: dict[str, Any], sentence: str
) -> None:
    refused = izba("setup", "--json", set_up_file(tmp_path, **more))
    assert (refused.returncode, sentence in refused.stderr.decode()) == (2, True), refused.stderr.decode()
    assert izba.done("setup"), "it is as empty as before"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, izba: Izba) -> None:
    (tmp_path / "cp1250.json").write_bytes(b'{"name": "\xb3"}')
    for file in (tmp_path / "missing.json", tmp_path / "cp1250.json"):
        refused = izba("setup", "--json", file)
        assert (refused.returncode, str(file) in refused.stderr.decode()) == (2, True)
    assert izba("setup", "--json", "-", stdin=b"{").returncode == 2
