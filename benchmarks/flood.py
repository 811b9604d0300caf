"""A raw MQTT publisher in a process of its own: as fast as the broker takes it, or paced."""

import json
import sys
import time

import paho.mqtt.client as mqtt


def main() -> None:
    """``flood.py PORT COUNT``: QoS 1 readings of 90 sensors that flip at every message, then the marker's one."""
    port, count = int(sys.argv[1]), int(sys.argv[2])
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="flood", protocol=mqtt.MQTTv311)
    client.max_inflight_messages_set(200)
    client.connect("127.0.0.1", port)
    client.loop_start()
    sensors = [f"izba/devices/s{n:03}/reading" for n in range(100) if n % 10 != 9]
    payloads = [json.dumps({"occupied": value, "battery": 80}).encode() for value in (True, False)]
    time.sleep(0.3)
    print(time.time(), flush=True)
    info = None
    for index in range(count):
        info = client.publish(sensors[index % 90], payloads[index // 90 % 2], qos=1)
        if index % 500 == 499:
            info.wait_for_publish(30)
    client.publish("izba/devices/s009/reading", b'{"occupied": true}', qos=1).wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
