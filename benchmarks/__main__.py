"""``make bench``: every promise, or those named: ``python -m benchmarks day_view``."""

import importlib
import os
import sys

from benchmarks.table import Row, show

SCRIPTS = (
    "booking_create", "contention", "day_view", "mqtt_fold", "sensor_to_panel", "panels_sse", "asset_search",
    "asset_list", "hostile_messages", "notices", "import_rows", "labels", "photo", "cold_start",
)  # fmt: skip


def main() -> None:
    rows: list[Row] = []
    before = os.getloadavg()[0]
    for name in sys.argv[1:] or SCRIPTS:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += importlib.import_module(f"benchmarks.{name}").main()
    print(show(rows))
    print(f"\nload of the machine's {os.cpu_count()} cores: {before:.1f} before, {os.getloadavg()[0]:.1f} after")


main()
