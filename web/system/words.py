"""What the parts of the system, the jobs and the origins of settings are called."""

from registry.office.rules import MAIL_PASSWORD
from web.kit.words import N_
from web.system.desk import Origin, Task

CHECK_WORDS = {
    "database": (N_("Database"), N_("It answers and takes what is written.")),
    "disk": (N_("Disk"), N_("There is room for what is written.")),
    "migrations": (N_("Migrations"), N_("The database is as this version of Izba needs it.")),
    "broker": (N_("MQTT broker"), N_("It answers: sensors and panels are heard.")),
    "sweeper": (N_("The clock of the rooms"), N_("Releases and door states are on time.")),
}
JOB_WORDS = {
    "sweep": N_("The clock of the rooms"),
    "take up lists": N_("Lists that are being written"),
    "send notices": N_("Outbox"),
    "remind of rooms": N_("What bookings need of their rooms"),
    "remind of approvals": N_("Bookings to approve"),
    "remind of devices": N_("Silent devices"),
    "remind of days": N_("What ends soon, and the backup"),
    "back up": N_("Nightly backup"),
    "seal": N_("Seal of the history"),
    "follow settings": N_("Changed settings"),
    "tidy": N_("Clearing away"),
    "forget notices": N_("Old notices"),
    "forget traces": N_("Sensors' sights"),
    "forget scans": N_("Scans"),
    "forget finds": N_("Words of finders"),
    "sweep files": N_("Cut-off uploads"),
    "live": N_("The demo's life"),
}
ORIGIN_WORDS = {
    Origin.DEFAULT: N_("default"),
    Origin.ENVIRONMENT: N_("environment"),
    Origin.FILE: N_("izba.toml"),
    Origin.SECRET_FILE: N_("a secret's file"),
    Origin.COMMAND: N_("the command"),
    Origin.PAGE: N_("page"),
}
TASK_WORDS = {
    Task.BACKUP: (N_("A backup is being made"), N_("A backup was made"), N_("The backup failed")),
    Task.VERIFY: (N_("The history is being checked"), N_("The history is whole"), N_("The history is not whole")),
}
IMPORT_WORDS = {
    "checked": N_("not written yet"),
    "writing": N_("being written"),
    "written": N_("written"),
    "undoing": N_("being undone"),
    "undone": N_("undone"),
}
# the settings that an office changes from its pages, in groups, as an address names them; each with a name for people
GROUPS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "office", N_("The office"),
        (
            ("office_name", N_("Name of the office")), ("office_address", N_("Address")), ("language", N_("Language")),
            ("funding", N_("Sentence about the funds")), ("union_words", N_("Words beside the emblem")),
        ),
    ),
    (
        "public", N_("Accessibility and personal data"),
        (
            ("office_access", N_("Access to the building")), ("contact_name", N_("Accessibility: who answers")),
            ("contact_email", N_("Accessibility: e-mail")), ("contact_phone", N_("Accessibility: telephone")),
            ("privacy_contact", N_("Personal data: whom to ask")), ("privacy_notice", N_("Personal data: own notice")),
        ),
    ),
    (
        "mail", N_("Mail server"),
        (
            ("smtp_host", N_("Mail server")), ("smtp_port", N_("Port")), ("smtp_tls", N_("Encryption")),
            ("smtp_user", N_("User name")), ("smtp_password", N_("Password")), ("smtp_from", N_("Sender")),
        ),
    ),
    (
        "notices", N_("Notices"),
        (
            ("smtp_per_minute", N_("Mails a minute")), ("smtp_per_person", N_("Mails to one person an hour")),
            ("notice_channels", N_("Other channels")),
        ),
    ),
    (
        "backup", N_("Backup"),
        (
            ("backup_dir", N_("Directory of the copies")), ("backup_hour", N_("Hour of the copy")),
            ("backup_count", N_("Copies that stay")),
        ),
    ),
    (
        "memory", N_("How long Izba remembers"),
        (
            ("trace_days", N_("Days of sensors' sights")), ("scan_days", N_("Days of scans")),
            ("find_days", N_("Days of finders' words")), ("notice_days", N_("Days of notices")),
        ),
    ),
    (
        "sign-in", N_("Signing in"),
        (
            ("session_hours", N_("Hours of a session")), ("sign_in_attempts", N_("Failed attempts")),
            ("sign_in_window_minutes", N_("Window of failed attempts")),
        ),
    ),
    (
        "accounting", N_("Accounting"),
        (
            ("fixed_asset_above", N_("Fixed asset above")), ("quantity_only_below", N_("By quantity alone below")),
            ("furniture_at_once", N_("Furniture at once")), ("furniture_kst", N_("KŚT of furniture")),
            ("furniture_categories", N_("Categories of furniture")),
            ("depreciation_rates", N_("Rates of depreciation")), ("accountant_alone", N_("The accountant alone")),
        ),
    ),
    ("log", N_("Log"), (("log_level", N_("Level of the log")),)),
)  # fmt: skip
# the mail server is set in one form: its fields, by the setting
MAIL_FORM = {
    "smtp_host": "host", "smtp_port": "port", "smtp_tls": "tls", "smtp_user": "user", "smtp_password": "password",
    "smtp_from": "sender",
}  # fmt: skip
TLS_WORDS = {
    "starttls": N_("STARTTLS, mostly on port 587"), "tls": N_("TLS from the first byte, mostly on port 465"),
    "none": N_("none, for a server on this machine"),
}  # fmt: skip
# what the history says of a secret
SECRET_SETTINGS = (MAIL_PASSWORD, "notice_channels")
SECRET_WORDS = {"set": N_("set, and not shown"), "changed": N_("changed, and not shown")}
SETTING_WORDS = dict(pair for _, _, pairs in GROUPS for pair in pairs)
