"""The stores that live in the process: memory, and SQLite in its folder."""
