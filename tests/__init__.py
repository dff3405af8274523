"""The specification of Carnet, as tests that run on memory, SQLite and a real PostgreSQL.

Decisions read given, when, then; laws are properties; every store passes one contract suite. A test names the
checklist rows it holds with `@pytest.mark.covers("S12")`. `uv run pytest` runs everything.
"""
