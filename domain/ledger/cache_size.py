"""How much memory the cache of streams may take."""

CACHE_BYTES = 128 * 1024 * 1024
"""Bytes of cached streams in a process."""
