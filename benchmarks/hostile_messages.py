"""What 200 000 hostile messages on the embedded broker cost: memory of Izba and its broker, and the worst /healthz."""

import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paho.mqtt.client as mqtt

from benchmarks.cold_start import Ask, ask, tree_kb
from benchmarks.office import settings
from benchmarks.table import Row
from tests.servers import free_port

COUNT, MOST_MB, MOST_SECONDS = 200_000, 100, 0.5
SETTLE_SECONDS = 5.0
HEALTH = Ask("/healthz", "ok", {})
CORPUS = Path(__file__).parents[1] / "tests" / "data" / "mqtt" / "hostile.jsonl"


def main() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        home, port = Path(folder), free_port()
        environment = settings(home, port, f"sqlite://{home}/izba.sqlite3")
        command = [sys.executable, "-m", "config", "demo"]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            ask(port, HEALTH)
            time.sleep(SETTLE_SECONDS)
            before = tree_kb(process.pid)
            most, worst, rate = _flooded(port, int(environment["IZBA_MQTT_PORT"]), process.pid)
        finally:
            process.terminate()
            process.wait(10)
    grown = (most - before) / 1024
    return [
        Row(
            f"{COUNT} hostile messages on the embedded broker",
            f"memory {before / 1024:.0f} + {grown:.0f} MB at most, worst /healthz {worst:.2f} s; {rate:.0f} messages/s",
            "–",
            f"< {MOST_MB} MB more, < {MOST_SECONDS} s",
            grown < MOST_MB and worst < MOST_SECONDS,
        )
    ]


def _flooded(port: int, mqtt_port: int, pid: int) -> tuple[int, float, float]:
    """The most memory in kB and the longest answer in seconds while the flood lasts and five seconds more, and how
    many messages a second it receipt.
    """
    start = time.monotonic()
    flood = subprocess.Popen([sys.executable, "-m", "benchmarks.hostile_messages", str(mqtt_port)])
    most, worst, took, end = 0, 0.0, 0.0, float("inf")
    while time.monotonic() < end:
        if not took and flood.poll() is not None:
            took = time.monotonic() - start
            end = time.monotonic() + SETTLE_SECONDS
        asked_at = time.monotonic()
        ask(port, HEALTH)
        worst = max(worst, time.monotonic() - asked_at)
        most = max(most, tree_kb(pid))
        time.sleep(0.02)
    assert flood.returncode == 0
    return most, worst, COUNT / took


def flood(port: int) -> None:
    """Publish them all: what the corpus holds and what a seed invents, on topics that nobody has had before."""
    samples = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    payloads = [str(sample["payload"]).encode("utf-8", "surrogatepass")[:60_000] for sample in samples]
    draw = random.Random(7)  # the same flood each time
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", port)
    client.loop_start()
    topics = ("izba/devices/x{}/reading", "zigbee2mqtt/x{}", "izba/panels/x{}/command", "zigbee2mqtt/x{}/availability",
              "izba/devices/ZW-01-occ/reading", "zigbee2mqtt/bridge/x{}", "izba/devices/x{}/status")  # fmt: skip
    receipt = None
    for number, topic in zip(range(COUNT), itertools.cycle(topics), strict=False):
        payload = draw.choice(payloads) if number % 2 else draw.randbytes(draw.randrange(400))
        receipt = client.publish(topic.format(number), payload, qos=1)
        if number % 500 == 499:
            receipt.wait_for_publish(60)
    if receipt:
        receipt.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        flood(int(sys.argv[1]))
    else:
        print(main(), os.getloadavg())
