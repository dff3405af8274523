"""Idempotency keys of forms: one for each form that is shown, so that a form sent twice is one command."""

import secrets


def new_key() -> str:
    return f"page/{secrets.token_urlsafe(16)}"
