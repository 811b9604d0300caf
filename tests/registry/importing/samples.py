"""The sample lists and what each must be read as: every field of expected.json is compared, none is passed over."""

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / "data" / "import"
EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
OURS = {"inventoryNo": "inventory_no", "date": "acquired_on", "serialNo": "serial_no", "qty": "quantity",
        "unitPrice": "unit_price", "euShare": "eu_share"}  # fmt: skip
TOTALS = {"control_total_in_file": "given", "control_total_computed": "computed"}


def differences(report: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """What a report says otherwise than it should."""
    faults = []
    for name, value in expected.items():
        if name == "rows":
            continue
        actual = report["control_total"][TOTALS[name]] if name in TOTALS else report[name]
        if actual != value:
            faults.append(f"{name}: {actual!r} instead of {value!r}")
    if len(report["rows"]) != len(expected["rows"]):
        return [*faults, f"{len(report['rows'])} rows instead of {len(expected['rows'])}"]
    for row, expectation in zip(report["rows"], expected["rows"], strict=True):
        faults += [f"line {row['line']}: {difference}" for difference in _of_row(row, expectation)]
    return faults


def _of_row(row: dict[str, Any], expectation: dict[str, Any]) -> list[str]:
    faults = []
    for name, value in expectation.items():
        if name in ("warnings", "errors"):
            continue
        actual = row["values"][OURS.get(name, name)]
        if actual != (int(value) if name == "qty" else value):
            faults.append(f"{name}: {actual!r} instead of {value!r}")
    status = "error" if "errors" in expectation else "warning" if "warnings" in expectation else "ok"
    if row["status"] != status:
        faults.append(f"status {row['status']} instead of {status}")
    problems, details = row["problems"], [*expectation.get("warnings", []), *expectation.get("errors", [])]
    if len(problems) != len(details) or not all(map(_is_said, problems, details)):
        faults.append(f"{problems} instead of {details}")
    return faults


def _is_said(problem: dict[str, str], detail: str) -> bool:
    """``INVALID_DATE 30.02.2022`` names what was given, ``DUPLICATE_INVENTORY_NO row 2`` the other line."""
    code, _, more = detail.partition(" ")
    if problem["code"] != code:
        return False
    if more.startswith("row "):
        return more.removeprefix("row ") in problem["hint"].split()
    return not more or problem["given"] == more
