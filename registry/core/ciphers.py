"""Texts that are stored and not shown, like the password of a mail server: encrypted under a key that lies beside the
database and never in it. See docs/decisions/0036-settings-from-a-page.md.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet


@dataclass(frozen=True, slots=True)
class SecretText:
    """A text to be stored encrypted, and the installation's secret key, which it can be read with again."""

    text: str = field(repr=False)
    secret_key: str = field(repr=False)


def encrypted(secret: SecretText) -> str:
    """The text as it is stored, another one each time."""
    token: str = _cipher(secret.secret_key).encrypt(secret.text.encode()).decode()
    return token


def decrypted(token: str, secret_key: str) -> str:
    """What was stored. Raises ValueError where it was stored under another key, or altered."""
    from cryptography.fernet import InvalidToken  # see _cipher

    try:
        text: str = _cipher(secret_key).decrypt(token.encode()).decode()
    except InvalidToken as fault:
        raise ValueError("stored under another key") from fault
    return text


def _cipher(secret_key: str) -> "Fernet":
    """Fernet under a key of this purpose alone: what is signed by the secret key is never encrypted by it."""
    # the library takes some megabytes, for the offices that store a secret
    from base64 import urlsafe_b64encode

    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"izba: stored secrets").derive(secret_key.encode())
    return Fernet(urlsafe_b64encode(key))
