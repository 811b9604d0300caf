"""A whole Izba in a process of its own, spoken to as anybody would: HTTP and MQTT."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt

from tests.servers import free_port, mortal, no_delay

ROOT = Path(__file__).parents[2]


class Whole:
    """``izba demo`` or ``izba serve`` on free ports, of another ``module`` where a test says so. ``kill()`` is kill -9,
    ``stop()`` a polite end; it ends with the tests whatever ends them.
    """

    def __init__(self, home: Path, *args: str, module: str = "config", **env: str) -> None:
        self.home, self.module, self.args = home, module, args or ("demo", "--no-simulator")
        self.port, self.mqtt_port = free_port(), free_port()
        self.env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("IZBA_", "COV_"))},
            "IZBA_PORT": str(self.port),
            "IZBA_MQTT_PORT": str(self.mqtt_port),
            "IZBA_DATA_DIR": str(home),
            **env,
        }
        self.start()

    def start(self) -> None:
        with open(self.home / "log", "ab") as log:
            self.process = subprocess.Popen(
                mortal(sys.executable, "-m", self.module, *self.args),
                env=self.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        assert self.process.stdout
        line = b""
        while b"Izba is ready" not in line:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError((self.home / "log").read_text()[-3000:])
        self.url = line.decode().rsplit(" ", 1)[1].strip()

    def stop(self) -> float:
        """Seconds that a SIGTERM took."""
        start = time.monotonic()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()
        return time.monotonic() - start

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(60)
        if self.process.stdout:
            self.process.stdout.close()

    def demo(self) -> dict[str, Any]:
        access: dict[str, Any] = json.loads((self.home / "demo.json").read_text())
        return access

    def token(self, role: str) -> str:
        return next(str(user["token"]) for user in reversed(self.demo()["users"]) if user["role"] == role)

    def client(self, role: str = "member", **more: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=60, **more)


class Ear:
    """An MQTT client that keeps the last payload of every topic it hears."""

    def __init__(self, port: int, *topics: str) -> None:
        self.last: dict[str, bytes] = {}
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self.client.on_socket_open = no_delay
        self.client.on_message = lambda _client, _data, message: self.last.update({message.topic: message.payload})
        self.client.on_connect = lambda client, *_rest: [client.subscribe(topic, qos=1) for topic in topics]
        self.client.reconnect_delay_set(1, 1)
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def state(self, room: str) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self.last.get(f"izba/rooms/{room}/state", b"{}"))
        return state

    def say(self, topic: str, payload: object) -> None:
        self.client.publish(topic, json.dumps(payload), qos=1).wait_for_publish(30)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def until(true: Callable[[], object], seconds: float = 60.0) -> float:
    """Wait until it holds; returns the seconds it took. Fails the test when it never does."""
    start = time.monotonic()
    while not true():
        if time.monotonic() - start > seconds:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.005)
    return time.monotonic() - start
