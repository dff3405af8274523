"""The file of the read tables, looked at while it is in use."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from projections.engine.views_file import damage_of, refuse_ledger

WRITES_AND_LEAVES = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("INSERT INTO checkpoints VALUES (2)")
connection.commit()
connection.close()
"""


def test_looking_at_a_file_leaves_the_locks_of_its_readers(tmp_path: Path) -> None:
    """Without them whoever leaves next throws the log away, and the readers here see nothing new ever again."""
    path = tmp_path / "views.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("PRAGMA journal_mode = WAL")
        reader.execute("CREATE TABLE checkpoints (n)")
        refuse_ledger(path)
        assert damage_of(path) is None
        subprocess.run([sys.executable, "-c", WRITES_AND_LEAVES, str(path)], check=True)
        assert path.with_name("views.db-wal").exists()
        assert reader.execute("SELECT n FROM checkpoints").fetchall() == [(2,)]
