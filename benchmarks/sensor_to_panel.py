"""From a sensor's message to the door, each message a committed change, at 500 a second: MQTT and SSE."""

import asyncio
import json
import socket
import statistics
import threading
import time
from collections import deque

import paho.mqtt.client as mqtt
import uvloop

from benchmarks.office import Office, office
from benchmarks.table import Row
from tests.servers import Mosquitto

RATE, SECONDS, ROOMS = 500, 10, 10
Sent = dict[str, "deque[tuple[bool, float]]"]


def main() -> list[Row]:
    broker = Mosquitto()
    try:
        floor = _Echo(broker.port).run()
        with office(sensors=ROOMS, hold=0, mqtt_url=broker.url) as izba:
            mqtt_took, sse_took, count = uvloop.run(_run(izba, broker.port))
    finally:
        broker.close()
    low = _percentile(floor, 99)
    return [
        _row("MQTT", mqtt_took, count, low),
        _row("SSE", sse_took, count, low),
    ]


def _row(name: str, took: list[float], count: int, floor: float) -> Row:
    p99 = _percentile(took, 99)
    return Row(
        f"sensor message → panel by {name}, {RATE}/s for {SECONDS} s",
        f"p50 {_percentile(took, 50):.1f} ms, p99 {p99:.1f} ms; {len(took)} of {count} seen",
        f"the same messages through the bare broker p99 {floor:.1f} ms (× {p99 / floor:.1f})",
        "p99 < 10 ms",
        p99 < 10 and len(took) >= 0.99 * count,
    )


def _percentile(took: list[float], percent: int) -> float:
    return statistics.quantiles(took, n=100)[percent - 1]


def _prompt(client: mqtt.Client, _data: object, sock: socket.socket) -> None:
    """Without this the sender's own timer is what is measured."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Echo:
    """What the broker alone takes, paced the same."""

    def __init__(self, port: int) -> None:
        self.took: list[float] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self.client.on_message = self._heard
        self.client.on_socket_open = _prompt
        self.client.connect("127.0.0.1", port)
        self.client.subscribe("echo/#", qos=1)
        self.client.loop_start()

    def _heard(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self.took.append((time.perf_counter() - float(message.payload)) * 1000)

    def run(self) -> list[float]:
        time.sleep(0.3)
        start = time.perf_counter()
        for index in range(RATE * 2):
            time.sleep(max(0.0, start + index / RATE - time.perf_counter()))
            self.client.publish("echo/x", str(time.perf_counter()), qos=1)
        time.sleep(0.5)
        self.client.loop_stop()
        self.client.disconnect()
        return self.took


async def _run(izba: Office, port: int) -> tuple[list[float], list[float], int]:
    by_mqtt: Sent = {f"R{n:02}": deque() for n in range(ROOMS)}
    by_sse: Sent = {f"R{n:02}": deque() for n in range(ROOMS)}
    mqtt_took: list[float] = []
    sse_took: list[float] = []
    watching = asyncio.create_task(_watch(izba, by_sse, sse_took))
    await asyncio.sleep(1)
    client = _mqtt_client(port, by_mqtt, mqtt_took)
    await asyncio.sleep(1)
    count = await asyncio.to_thread(_publish, client, by_mqtt, by_sse)
    await asyncio.sleep(1)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    client.loop_stop()
    client.disconnect()
    return mqtt_took, sse_took, count


def _publish(client: mqtt.Client, *boards: Sent) -> int:
    start, values = time.perf_counter(), [False] * ROOMS
    for index in range(RATE * SECONDS):
        time.sleep(max(0.0, start + index / RATE - time.perf_counter()))
        room = index % ROOMS
        values[room] = not values[room]
        now = time.perf_counter()
        for board in boards:
            board[f"R{room:02}"].append((values[room], now))
        client.publish(f"izba/devices/s{room:03}/reading", json.dumps({"occupied": values[room]}), qos=1)
    return RATE * SECONDS


def _seen(board: Sent, room: str, occupancy: str, took: list[float]) -> None:
    """A state arrived: it answers the oldest message of its value, and what was folded into it is not counted."""
    waiting, value = board[room], {"occupied": True, "vacant": False}.get(occupancy)
    if value is not None and waiting and waiting[0][0] is value:
        took.append((time.perf_counter() - waiting.popleft()[1]) * 1000)
    elif len(waiting) > 1 and value is not None and waiting[1][0] is value:
        waiting.popleft()
        took.append((time.perf_counter() - waiting.popleft()[1]) * 1000)


def _mqtt_client(port: int, board: Sent, took: list[float]) -> mqtt.Client:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    lock = threading.Lock()

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        state = json.loads(message.payload)
        with lock:
            _seen(board, state["room"], state["occupancy"], took)

    client.on_message = on_message
    client.on_socket_open = _prompt
    client.connect("127.0.0.1", port)
    client.subscribe("izba/rooms/+/state", qos=1)
    client.loop_start()
    return client


async def _watch(izba: Office, board: Sent, took: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", izba.port)
    head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {izba.tokens[0]}\r\n\r\n"
    writer.write(head.encode())
    async for line in reader:
        if line.startswith(b"data:"):
            state = json.loads(line[5:])
            if "occupancy" in state:
                _seen(board, state["room"], state["occupancy"], took)


if __name__ == "__main__":
    print(main())
