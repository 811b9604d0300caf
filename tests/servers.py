"""Real servers for the tests, each on a free port of loopback with its own temporary directory."""

import functools
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


def free_port() -> int:
    """A port that nobody has, nor the one after it, and that was not given before. It lies below those that the kernel
    hands to outgoing connections, or one of them could take it before its server does.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000, 2)
        if port not in _given and _is_free(port) and _is_free(port + 1):
            _given.add(port)
            return port


_given: set[int] = set()


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
    found = shutil.which(name) or next(
        iter(sorted((path for place in places for path in glob(place)), reverse=True)), None
    )
    if not found:
        raise Missing(f"{name} is not installed: run scripts/system-packages {name} as root")
    return found


def chromium() -> str | None:
    """The path of Chromium, or None where Playwright has one of its own. Raises Missing."""
    # on Ubuntu the name leads to a snap, which opens nothing in a container
    found = [path for name in ("chromium", "google-chrome") if (path := shutil.which(name)) and not is_snap(path)]
    if found:
        return found[0]
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


class Postgres:
    """A PostgreSQL cluster without fsync, for databases that live as long as one test."""

    def __init__(self) -> None:
        self.home = scratch("postgres")
        self.port = free_port()
        try:
            self._start()
        except BaseException:
            shutil.rmtree(self.home, ignore_errors=True)
            raise

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
        self._run(initdb, "-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D", str(data))
        options = {
            "port": self.port, "listen_addresses": LOOPBACK, "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "jit": "off", "max_connections": 200, "shared_buffers": "64MB",
        }  # fmt: skip
        told = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with open(self.home / "log", "wb") as log:
            self.process = subprocess.Popen(
                [*self._as_owner(), server, "-D", str(data), *told], stdout=log, stderr=log, cwd=self.home
            )
        wait_until_open(self.port, self.process)
        self.pid = int((data / "postmaster.pid").read_text().split()[0])
        self._wait_ready()

    @staticmethod
    def _as_owner() -> list[str]:
        return ["runuser", "-u", "postgres", "--"] if AS_ROOT else []

    def _run(self, *command: str) -> None:
        done = subprocess.run([*self._as_owner(), *command], capture_output=True, text=True, cwd=self.home)
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed: {done.stderr.strip()}")

    def _wait_ready(self) -> None:
        ready = [self._find("pg_isready"), "-h", LOOPBACK, "-p", str(self.port), "-q"]
        until = time.monotonic() + 60
        while subprocess.run(ready).returncode:
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not answer: {(self.home / 'log').read_text()[-500:]}")
            time.sleep(0.05)

    def sql(self, statement: str) -> None:
        """Run one statement in the maintenance database, through one client that stays open: it costs no process."""
        client = self.client
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(f"{statement};\n\\echo {DONE}\n")
        client.stdin.flush()
        told = list(iter(lambda: client.stdout.readline().strip() or DONE, DONE))
        if any("ERROR" in line for line in told) or client.poll() is not None:
            raise RuntimeError(f"{statement}: {' '.join(told)}")

    @functools.cached_property
    def client(self) -> subprocess.Popen[str]:
        where = ["-h", LOOPBACK, "-p", str(self.port), "-U", "postgres", "-qtAX", "postgres"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen([self._find("psql"), *where], text=True, cwd=self.home, **pipes)

    def url(self, name: str) -> str:
        return f"postgres://postgres@{LOOPBACK}:{self.port}/{name}"

    def stop(self) -> None:
        self.client.communicate()
        os.kill(self.pid, signal.SIGINT)
        try:
            self.process.wait(60)
        finally:
            shutil.rmtree(self.home, ignore_errors=True)


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
                [self._server, "-c", str(self.home / "mosquitto.conf")], stdout=log, stderr=log
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
