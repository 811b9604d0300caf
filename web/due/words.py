"""What is due, in words."""

from registry.upkeep.rules import DueKind
from web.kit.words import N_

KIND_WORDS = {
    DueKind.LOAN: N_("Loans"),
    DueKind.BATTERY: N_("Batteries"),
    DueKind.CALIBRATION: N_("Calibrations and inspections"),
    DueKind.WARRANTY: N_("Warranties"),
    DueKind.DURABILITY: N_("Durability"),
}
WHAT_WORDS = {
    DueKind.LOAN: N_("It is due back"),
    DueKind.BATTERY: N_("Change the battery"),
    DueKind.CALIBRATION: N_("A calibration or an inspection ends"),
    DueKind.WARRANTY: N_("The warranty ends"),
    DueKind.DURABILITY: N_("The grant's durability period ends"),
}
SIGNS = {
    DueKind.LOAN: "arrow-back-up",
    DueKind.BATTERY: "battery-2",
    DueKind.CALIBRATION: "clipboard-check",
    DueKind.WARRANTY: "certificate",
    DueKind.DURABILITY: "lock",
}
