"""Readings folded a second on Mosquitto, against a bare paho client that only counts the same flood."""

import subprocess
import sys
import threading
import time

import paho.mqtt.client as mqtt

from benchmarks.office import office
from benchmarks.table import Row
from tests.servers import Mosquitto

COUNT = 40_000


def main() -> list[Row]:
    broker = Mosquitto()
    try:
        floor = max(_floor(broker.port) for _ in range(2))
        with office(sensors=100, mqtt_url=broker.url):
            folded = max(_folded(broker.port) for _ in range(2))
    finally:
        broker.close()
    return [
        Row(
            "MQTT readings folded (QoS 1, 90 sensors, each message flips one)",
            f"{folded:.0f}/s",
            f"bare paho {floor:.0f}/s (× {folded / floor:.2f})",
            "≥ 16 k/s, ≥ 0.5 × the floor",
            folded >= 16_000 and folded >= 0.5 * floor,
        )
    ]


def _flood(port: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.flood", str(port), str(COUNT)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _client(port: int, topic: str, on_message: "mqtt.CallbackOnMessage") -> mqtt.Client:
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.on_message = on_message
    client.connect("127.0.0.1", port)
    client.subscribe(topic, qos=1)
    client.loop_start()
    return client


def _floor(port: int) -> float:
    """Messages a second of a client that only counts."""
    done, counter = threading.Event(), [0]

    def on_message(_client: mqtt.Client, _data: object, _message: mqtt.MQTTMessage) -> None:
        counter[0] += 1
        if counter[0] > COUNT:
            done.set()

    client = _client(port, "izba/devices/+/reading", on_message)
    time.sleep(0.2)
    return _timed(port, done, client)


def _folded(port: int) -> float:
    """Messages a second until the last one of the flood has changed the retained state of its room."""
    done = threading.Event()

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if b'"occupancy":"occupied"' in message.payload:
            done.set()

    client = _client(port, "izba/rooms/R09/state", on_message)
    time.sleep(1.5)
    done.clear()
    rate = _timed(port, done, client)
    publisher = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    publisher.connect("127.0.0.1", port)
    publisher.loop_start()
    publisher.publish("izba/devices/s009/reading", b'{"occupied": false}', qos=1).wait_for_publish(10)
    time.sleep(1)
    publisher.loop_stop()
    return rate


def _timed(port: int, done: threading.Event, client: mqtt.Client) -> float:
    flood = _flood(port)
    assert flood.stdout
    start = float(flood.stdout.readline())
    if not done.wait(60):
        raise RuntimeError("the flood did not arrive whole")
    took = time.time() - start
    flood.wait(30)
    client.loop_stop()
    client.disconnect()
    return COUNT / took


if __name__ == "__main__":
    print(main())
