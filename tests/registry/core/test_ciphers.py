"""A secret that is stored: read again by its key alone, and never seen on the way."""

import pytest

from registry.core.ciphers import SecretText, decrypted, encrypted

KEY = "k" * 40


def test_a_secret_is_read_again_by_its_key_alone() -> None:
    secret = SecretText("hasło do poczty", KEY)
    token = encrypted(secret)
    assert decrypted(token, KEY) == "hasło do poczty"
    assert encrypted(secret) != token, "two that are the same do not look the same"
    assert "poczty" not in token + repr(secret)
    assert KEY not in repr(secret)


def test_what_was_stored_under_another_key_or_altered_is_not_read() -> None:
    for token in (encrypted(SecretText("x", "n" * 40)), "x", "", encrypted(SecretText("x", KEY))[:-9]):
        with pytest.raises(ValueError, match="another key"):
            decrypted(token, KEY)
