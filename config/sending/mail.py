"""Mail by SMTP: one server, a few connections, and for each mail what the server said."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr
from urllib.parse import urlsplit

import aiosmtplib

from config.settings import Settings
from registry.core.errors import N_, Reason, Refusal, Unavailable
from registry.core.folding import printable
from registry.core.system_reasons import system_reason
from registry.outbox.models import LetterState
from registry.outbox.rules import is_address

SECONDS = 20.0
PATIENCE = 6.0  # of somebody who waits for a page
CONNECTIONS = 4
SLOW_DOWN = (421, 450, 451, 452)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes. ``tls`` is starttls, tls or none."""

    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    sender: str
    ca_file: str

    @classmethod
    def of(cls, settings: Settings) -> "MailServer":
        """The server of the settings."""
        host = urlsplit(settings.base_url).hostname or "localhost"
        sender = settings.smtp_from or f"izba@{host}"
        return cls(
            host=settings.smtp_host,
            port=settings.smtp_port,
            tls=settings.smtp_tls,
            user=settings.smtp_user,
            password=settings.smtp_password.get_secret_value(),
            sender=sender,
            ca_file=settings.smtp_ca_file,
        )


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail, ready but for its headers. ``number`` tells it from every other, and is the same at another try."""

    number: str
    to: str
    name: str
    subject: str
    text: str
    html: str
    wishes_url: str = ""


@dataclass(frozen=True, slots=True)
class MailAnswer:
    """What came of a mail: SENT, WAITING for another try, or DEAD; and what the server said."""

    state: LetterState
    text: str = ""


def message_of(mail: Mail, server: MailServer, now: datetime) -> Message:
    """The message with its headers, each one line whatever somebody typed. Raises ValueError for what is no address.

    Built with the library's older classes: the newer ones parse what they write, which takes ten times as long.
    """
    if not is_address(mail.to):
        raise ValueError("no address")
    message = MIMEMultipart("alternative", _subparts=(MIMEText(mail.text), MIMEText(mail.html, "html")))
    headers = {
        "From": formataddr(("Izba", server.sender)),
        "To": formataddr((printable(mail.name), mail.to)),
        "Subject": _encoded(printable(mail.subject)),
        "Date": format_datetime(now),
        "Message-ID": f"<{mail.number}@{server.sender.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office answer comes back
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<{mail.wishes_url}>" if mail.wishes_url else "",
    }
    for name, text in headers.items():
        if text:
            message[name] = text
    return message


def _encoded(text: str) -> str:
    """A header's text in letters of ASCII (RFC 2047)."""
    return text if text.isascii() else Header(text, "utf-8").encode()


@asynccontextmanager
async def connection(server: MailServer) -> AsyncIterator[aiosmtplib.SMTP]:
    """A signed-in connection. Raises Unavailable: mail.away, mail.refused."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        username=server.user or None,
        password=server.password if server.user else None,
        use_tls=server.tls == "tls",
        start_tls=server.tls == "starttls",
        tls_context=_context(server),
        timeout=SECONDS,
    )
    try:
        await client.connect()
    except (aiosmtplib.SMTPException, OSError, ssl.SSLError, TimeoutError, UnicodeError) as fault:
        client.close()
        raise trouble(server, fault) from fault
    except asyncio.CancelledError:
        client.close()
        raise
    try:
        yield client
    finally:
        await _leave(client)


async def _leave(client: aiosmtplib.SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        client.close()


def _context(server: MailServer) -> ssl.SSLContext | None:
    return None if server.tls == "none" else ssl.create_default_context(cafile=server.ca_file or None)


def trouble(server: MailServer, fault: Exception) -> Refusal:
    """What is wrong between Izba and the server, in words."""
    place = f"{server.host}:{server.port}"
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return Unavailable("mail.refused", host=place, reason=printable(f"{fault.code} {fault.message}"))
    cause = fault.__cause__ if isinstance(fault.__cause__, OSError) else fault
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason: str = Reason(N_("its certificate is not trusted: {why}"), why=printable(cause.verify_message))
    elif isinstance(cause, ssl.SSLError):
        reason = Reason(N_("it does not speak TLS there"))
    elif isinstance(fault, aiosmtplib.SMTPTimeoutError | TimeoutError):
        reason = Reason(N_("it took too long"))
    elif isinstance(cause, OSError):
        reason = system_reason(cause)
    elif isinstance(fault, UnicodeError):  # what no name server can be asked for
        reason = Reason(N_("its name leads to no address"))
    else:
        reason = printable(str(fault)) or type(fault).__name__
    return Unavailable("mail.away", host=place, reason=reason)


class Postman:
    """Carries mails to a server over a few connections, each mail by one of them."""

    def __init__(self, server: MailServer, mails: Sequence[Mail], now: datetime) -> None:
        self.server, self._now = server, now
        self._waiting = list(reversed(mails))
        self.answers: dict[str, MailAnswer] = {}
        self.trouble: Refusal | None = None

    async def carry(self) -> None:
        """Until all is carried or the server takes no more: ``answers`` has what was tried, ``trouble`` why no more
        was.
        """
        many = min(CONNECTIONS, max(len(self._waiting) // 4, 1))
        await asyncio.gather(*(self._walk() for _ in range(many)))

    async def _walk(self) -> None:
        try:
            async with connection(self.server) as client:
                while self._waiting and self.trouble is None:
                    await self._hand_over(client, self._waiting.pop())
        except Refusal as refusal:
            self.trouble = self.trouble or refusal

    async def _hand_over(self, client: aiosmtplib.SMTP, mail: Mail) -> None:
        try:
            message = message_of(mail, self.server, self._now)
        except ValueError:
            self.answers[mail.number] = MailAnswer(LetterState.DEAD, f"no mail address: {printable(mail.to)}")
            return
        try:
            await client.send_message(message, sender=self.server.sender, recipients=[mail.to])
        except aiosmtplib.SMTPSenderRefused as fault:  # no mail of ours would be taken
            self.answers[mail.number] = _later(fault)
            self.trouble = trouble(self.server, fault)
        except aiosmtplib.SMTPRecipientsRefused as fault:
            self._note(mail, fault.recipients[0])
        except aiosmtplib.SMTPResponseException as fault:
            self._note(mail, fault)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as fault:
            self.trouble = trouble(self.server, fault)
            self.answers[mail.number] = MailAnswer(LetterState.WAITING, str(self.trouble))
        else:
            self.answers[mail.number] = MailAnswer(LetterState.SENT)

    def _note(self, mail: Mail, fault: aiosmtplib.SMTPResponseException) -> None:
        if 500 <= fault.code < 600:
            text = printable(f"{fault.code} {fault.message}")
            self.answers[mail.number] = MailAnswer(LetterState.DEAD, text)
            return
        self.answers[mail.number] = _later(fault)
        if fault.code in SLOW_DOWN:
            self.trouble = trouble(self.server, fault)


def _later(fault: aiosmtplib.SMTPResponseException) -> MailAnswer:
    return MailAnswer(LetterState.WAITING, printable(f"{fault.code} {fault.message}"))


async def send_now(mail: Mail, server: MailServer, now: datetime) -> None:
    """Send one mail while somebody waits for the answer. Raises Unavailable: mail.away, mail.refused, in the server's
    own words.
    """
    postman = Postman(server, [mail], now)
    try:
        async with asyncio.timeout(PATIENCE):
            await postman.carry()
    except TimeoutError as fault:
        raise trouble(server, fault) from fault
    if postman.trouble is not None:
        raise postman.trouble
    answer = postman.answers[mail.number]
    if answer.state is not LetterState.SENT:
        raise Unavailable("mail.refused", host=f"{server.host}:{server.port}", reason=answer.text)


async def try_server(server: MailServer) -> None:
    """Connect and sign in, sending nothing. Raises Unavailable: mail.away, mail.refused."""
    async with connection(server):
        return
