"""Asking the past, proving it, and holding the read models against the ledger."""
