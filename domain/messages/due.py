"""The name of the webhook by which a business's own sender gets text messages and WhatsApp messages."""

from typing import Final

MESSAGE_DUE: Final = "message.due"
"""No fact: it holds personal data, so that only a receiver that names it gets it."""
