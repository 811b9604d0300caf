"""A real mail server on loopback: what came to it, and what it answers."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import free_port


class MailServer:
    """``letters`` came; ``answer`` says what a recipient is answered, empty to take the mail."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.encrypted: list[bool] = []
        self.answer: Callable[[str], str] = lambda recipient: ""
        self.port = free_port()
        self.controller: Controller | None = None

    async def handle_RCPT(  # noqa: N802  # the library asks by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answer(address)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # as above
        content: Any = envelope.content
        self.letters.append(message_from_bytes(content, policy=default))  # type: ignore[arg-type]  # of this policy
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None or "ssl" in str(type(server.transport)).lower())
        return "250 taken"

    def start(self, tls: str = "none", context: ssl.SSLContext | None = None, login: bool = False) -> None:
        options: dict[str, Any] = {"hostname": "127.0.0.1", "port": self.port}
        if tls == "tls":
            options["ssl_context"] = context
        elif tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if login:
            options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}
        self.controller = Controller(self, **options)
        self.controller.start()

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None


def _authenticate(server: Any, session: Any, envelope: Any, mechanism: str, credentials: Any) -> AuthResult:
    is_right = isinstance(credentials, LoginPassword) and credentials == LoginPassword(b"izba", b"tajne-haslo")
    return AuthResult(success=is_right, handled=False)


@contextmanager
def mail_server(tls: str = "none", login: bool = False, authority: trustme.CA | None = None) -> Iterator[MailServer]:
    """A mail server that is up; with TLS under a certificate of this authority."""
    server, context = MailServer(), None
    if authority is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    server.start(tls, context, login)
    try:
        yield server
    finally:
        server.stop()
