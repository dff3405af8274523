"""End the process that sends at every point of a delivery, on SQLite and on PostgreSQL; an hour, or some minutes for
the points of one module.

python -m tests.api.outbound.sweep [BEGINNING OF THE NAMES OF POINTS]
"""

import os
import sys

import pytest

from tests.api.outbound.test_kills import SWEEP

if __name__ == "__main__":
    os.environ[SWEEP] = " ".join(sys.argv[1:])
    sys.exit(pytest.main(["-q", "-s", "-n0", "-k", "any_point", "tests/api/outbound/test_kills.py"]))
