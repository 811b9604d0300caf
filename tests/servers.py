"""Real servers for the tests, each on a free port of loopback with its own temporary directory. They end with the
process that started them, however that ends.
"""

import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from glob import glob
from pathlib import Path

LOOPBACK = "127.0.0.1"
DONE = "-- done --"
AS_ROOT = os.geteuid() == 0


class Missing(Exception):
    """A program is not on this machine. The words name it and say how to get it."""


def worker() -> tuple[int, int]:
    """Which of the processes that share a run of the tests this is, from 0, and how many they are."""
    name, count = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")
    return int(name.removeprefix("gw")), int(count)


def free_port() -> int:
    """A port that nobody has, nor the one after it, that was not given before and that no other worker gives. It lies
    below those that the kernel hands to outgoing connections, or one of them could take it before its server does.
    """
    number, count = worker()
    while True:
        port = random.SystemRandom().randrange(20_000 + 2 * number, 32_000, 2 * count)
        if port not in _used and _is_free(port) and _is_free(port + 1):
            _used.add(port)
            return port


_used: set[int] = set()


def mortal(*command: str, user: str = "") -> list[str]:
    """The command of a program that the kernel kills when the process that starts it is gone, run as this user."""
    owner = (f"--reuid={user}", f"--regid={user}", "--init-groups") if user else ()
    return [program("setpriv"), *owner, "--pdeathsig=KILL", "--", *command]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def scratch(name: str) -> Path:
    """A new directory, in memory where there is enough of it: on a busy disk a new database takes ten times as long."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    return Path(tempfile.mkdtemp(prefix=f"izba-{name}-", dir=memory if roomy else None))


def program(name: str, *places: str) -> str:
    """The path of a program, from PATH or from one of the glob patterns. Raises Missing."""
    path = shutil.which(name) or next(
        iter(sorted((path for place in places for path in glob(place)), reverse=True)), None
    )
    if not path:
        raise Missing(f"{name} is not installed: run scripts/system-packages {name} as root")
    return path


def chromium() -> str | None:
    """The path of Chromium, or None where Playwright has one of its own. Raises Missing."""
    # on Ubuntu the name leads to a snap, which opens nothing in a container
    paths = [path for name in ("chromium", "google-chrome") if (path := shutil.which(name)) and not is_snap(path)]
    if paths:
        return paths[0]
    if glob(str(Path.home() / ".cache/ms-playwright/chromium-*")):
        return None
    raise Missing("chromium is not installed: run scripts/system-packages chromium as root")


def is_snap(path: str) -> bool:
    return b"snap" in Path(path).read_bytes()[:2000]


def wait_until_open(port: int, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return once somebody listens on the port. Raises RuntimeError when the process ends or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        time.sleep(0.01)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


# Deleting from the few tables that have rows takes 2 ms; truncating all 28 takes 20, and another database 50.
SHARED = "izba_shared"
EMPTYING = """
DO $do$
DECLARE
    name text;
    is_filled bool;
    work text := '';
BEGIN
    FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' LOOP
        CONTINUE WHEN name = 'tortoise_migrations';
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_filled;
        IF is_filled THEN
            RAISE 'the migrations leave rows in %, which tests would lose: keep them here', name;
        END IF;
        work := work || format('
            IF pg_relation_size(%1$L) > small THEN TRUNCATE %1$I CASCADE;
            ELSIF EXISTS (SELECT FROM %1$I) THEN DELETE FROM %1$I;
            END IF;', name);
    END LOOP;
    EXECUTE format('
        CREATE FUNCTION emptied(small int) RETURNS void
        LANGUAGE plpgsql SET session_replication_role = replica AS %L',
        'BEGIN
            PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid();
            PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = ''S'';
            IF small = 0 THEN
                DELETE FROM pg_statistic USING pg_class
                    WHERE pg_class.oid = starelid AND relnamespace = ''public''::regnamespace;
            END IF;
        ' || work || ' END');
END $do$
"""


class Postgres:
    """A PostgreSQL cluster. Without a ``home`` it has no fsync and its databases live no longer than it; with one it is
    durable, and what is there is found again.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.is_kept = home is not None
        self.home = home or scratch("postgres")
        self.home.mkdir(exist_ok=True)
        self.port = free_port()
        self._clients: dict[str, subprocess.Popen[str]] = {}
        try:
            self._start()
        except BaseException:
            self._forget()
            raise

    def _forget(self) -> None:
        if not self.is_kept:
            shutil.rmtree(self.home, ignore_errors=True)

    @staticmethod
    def _find(name: str) -> str:
        # the wrappers on PATH refuse to run as another user, so the versioned directory comes first
        places = sorted(glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)
        return places[0] if places else program(name)

    def _start(self) -> None:
        data = self.home / "data"
        initdb, server = self._find("initdb"), self._find("postgres")
        if AS_ROOT:
            shutil.chown(self.home, "postgres")
        if not data.exists():
            self._run(initdb, "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(data))
        options = {
            "port": self.port, "listen_addresses": LOOPBACK, "unix_socket_directories": "", "jit": "off",
            "max_connections": 200, "shared_buffers": "256MB" if self.is_kept else "64MB",
        }  # fmt: skip
        if not self.is_kept:
            # without vacuum: what it noted of one test's rows would decide how the next test's query is answered
            options |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen(
                self._owned(server, "-D", str(data), *arguments), stdout=log, stderr=log, cwd=self.home
            )
        wait_until_open(self.port, self.process)
        self._wait_ready()

    @staticmethod
    def _owned(*command: str) -> list[str]:
        return mortal(*command, user="postgres" if AS_ROOT else "")

    def _run(self, *command: str) -> None:
        ended = subprocess.run(self._owned(*command), capture_output=True, text=True, cwd=self.home)
        if ended.returncode:
            raise RuntimeError(f"{command[0]} failed: {ended.stderr.strip()}")

    def _wait_ready(self) -> None:
        ready = [self._find("pg_isready"), "-h", LOOPBACK, "-p", str(self.port), "-q"]
        until = time.monotonic() + 60
        while subprocess.run(ready).returncode:
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not answer: {(self.home / 'log').read_text()[-500:]}")
            time.sleep(0.05)

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Run one statement in a database, through a client that stays open: it costs no process."""
        client = self._clients.get(database) or self._connect(database)
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{statement};\n\\echo {DONE}\n")
        client.stdin.flush()
        lines = []
        while (line := client.stdout.readline()) != f"{DONE}\n":
            lines.append(line)
            if not line:  # it has ended
                raise RuntimeError(f"{statement}: {''.join(lines)}")
        if any("ERROR" in line for line in lines):
            raise RuntimeError(f"{statement}: {''.join(lines)}")

    def _connect(self, database: str) -> subprocess.Popen[str]:
        where = ["-h", LOOPBACK, "-p", str(self.port), "-U", "postgres", "-qtAX", database]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        client = subprocess.Popen([self._find("psql"), *where], text=True, cwd=self.home, **pipes)
        self._clients[database] = client
        return client

    def share(self, template: str) -> None:
        """Make the database that tests use one after another, a copy of the template."""
        self.sql(f"CREATE DATABASE {SHARED} TEMPLATE {template}")
        self.sql(EMPTYING, SHARED)

    def empty(self, is_new: bool = False) -> str:
        """The URL of the database that tests share: without a row, its numbers at 1, and nobody connected to it. Where
        it is to be as new, its tables and indexes have no trace of former rows either, by which a query is planned.
        """
        self.sql(f"SELECT emptied({0 if is_new else 131072})", SHARED)
        return self.url(SHARED)

    def url(self, name: str) -> str:
        return f"postgres://postgres@{LOOPBACK}:{self.port}/{name}"

    def stop(self) -> None:
        for client in self._clients.values():
            client.communicate()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            self._forget()


def no_delay(_client: object, _data: object, sock: socket.socket) -> None:
    """For ``on_socket_open`` of paho: each packet leaves at once, else one that follows another waits for 40 ms."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Mosquitto:
    """A broker that can be stopped and started again on the same port; it forgets what was retained."""

    def __init__(self) -> None:
        self._server = program("mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto")
        self.home = scratch("mosquitto")
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        (self.home / "mosquitto.conf").write_text(
            f"listener {self.port} {LOOPBACK}\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\n"
            f"max_queued_messages 100000\nuser {getpass.getuser()}\n"
        )
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                mortal(self._server, "-c", str(self.home / "mosquitto.conf")), stdout=log, stderr=log
            )
        wait_until_open(self.port, self.process)

    def stop(self) -> None:
        """Stop the broker; start() brings it back."""
        process, self.process = self.process, None
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if process is None or process.poll() is not None:
                return
            process.send_signal(number)  # a SIGTERM that comes while it starts is forgotten
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
