"""Room for the database and files is kept, however few open files the system allows."""

import subprocess
import sys

import pytest

ASK = """
import resource, sys
from api.server.descriptors import connections_within
soft, hard, wanted, pool = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(connections_within(wanted, pool), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "pool", "connections", "soft_then"),
    [
        (256, 1_000, 400, 8, 400, 592),  # raised as far as needed
        (256, 500, 400, 8, 308, 500),  # raised as far as allowed
        (900, 1_000, 400, 8, 400, 900),  # enough already
        (256, 500, 400, 30, 132, 500),  # more threads, less room
        (100, 100, 400, 8, 16, 100),  # hardly any
    ],
)
def test_connections_get_what_the_database_and_files_leave(
    soft: int, hard: int, wanted: int, pool: int, connections: int, soft_then: int
) -> None:
    given = [str(number) for number in (soft, hard, wanted, pool)]
    told = subprocess.run([sys.executable, "-c", ASK, *given], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(connections), str(soft_then), str(hard)]
