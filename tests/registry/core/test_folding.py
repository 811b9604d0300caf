"""Text without what cannot be shown or stored."""

from registry.core.folding import printable, without_zeros


def test_what_a_server_says_becomes_one_line() -> None:
    assert printable("550 no\r\nsuch\tmailbox\x00") == "550 no such mailbox"


def test_a_zero_byte_becomes_a_sign_that_can_be_stored_and_not_shown() -> None:
    text = without_zeros("a\0b")
    assert (text, text.isprintable(), without_zeros("a\nb")) == ("a\x1ab", False, "a\nb")
