"""The stores: one contract for memory, SQLite and PostgreSQL, and what each promises besides."""
