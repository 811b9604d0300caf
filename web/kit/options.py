"""What the web needs to know of the installation. The composition root fills it; web reads no settings itself."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the accessibility declaration says (act of 4 April 2019, art. 10); empty texts are left out."""

    entity: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    address: str = ""
    architecture: str = ""
    published_on: date | None = None
    reviewed_on: date | None = None


@dataclass(frozen=True, slots=True)
class DataProtection:
    """What the page about personal data cannot know of itself. ``notice``: the address of the office's own notice."""

    contact: str = ""
    notice: str = ""
    trace_days: int = 30
    scan_days: int = 90
    find_days: int = 90
    notice_days: int = 90


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account that the sign-in page of a demo offers to be chosen by a click."""

    login: str
    password: str = field(repr=False)
    role: str


@dataclass(frozen=True, slots=True)
class SiteOptions:
    secret_key: str
    data_dir: Path
    base_url: str = "http://127.0.0.1:8000"
    title: str = "Izba"
    language: str = "pl"
    timezone: str = "Europe/Warsaw"
    max_body_bytes: int = 1_000_000
    max_upload_bytes: int = 50_000_000
    max_file_bytes: int = 20_000_000  # of one photo or paper; a form brings several
    funding: str = ""  # the sentence beside the flag of the Union, at the foot of every page
    union_words: str = "Unia Europejska"  # beside the emblem on labels
    version: str = ""
    families: tuple[str, ...] = ("native",)  # the device families that something reads
    has_mail: bool = False  # whether a mail server is set
    channels: tuple[str, ...] = ()  # what else notices may leave by
    declaration: Declaration = field(default_factory=Declaration)
    data_protection: DataProtection = field(default_factory=DataProtection)
    is_set_up_by_page: bool = False  # while nobody has an account every page leads to the set-up
    demo_accounts: tuple[DemoAccount, ...] = ()  # none but in the demo

    @property
    def max_files_bytes(self) -> int:
        """The largest form that brings photos and papers: four of the largest."""
        return self.max_file_bytes * 4 + 100_000

    @property
    def secure_cookies(self) -> bool:
        """Cookies travel over TLS alone, wherever the site is reached by it."""
        return self.base_url.startswith("https://")
