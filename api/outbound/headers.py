"""Headers of e-mails with words beyond ASCII: the library of Python 3.11 loses spaces between two such words."""

from email.header import Header
from email.headerregistry import Address
from email.policy import EmailPolicy
from typing import Any

LINE_MAX = 76


class MailPolicy(EmailPolicy):
    """SMTP, with `Subject` and the name of `From` encoded as a whole."""

    def fold(self, name: str, value: Any) -> str:
        words = _encoded(name, value)
        return super().fold(name, value) if words is None else f"{name}: {words}\r\n"

    def fold_binary(self, name: str, value: Any) -> bytes:
        words = _encoded(name, value)
        return super().fold_binary(name, value) if words is None else f"{name}: {words}\r\n".encode("ascii")


SMTP = MailPolicy(linesep="\r\n")


def _encoded(name: str, value: Any) -> str | None:
    """None where nothing beyond ASCII is said."""
    if name == "Subject" and not str(value).isascii():
        return _in_words(name, str(value))
    if name == "From":
        sender: Address = value.addresses[0]
        if not sender.display_name.isascii():
            return f"{_in_words(name, sender.display_name)}\r\n <{sender.addr_spec}>"
    return None


def _in_words(name: str, text: str) -> str:
    return Header(text, "utf-8", LINE_MAX, header_name=name).encode(linesep="\r\n")
