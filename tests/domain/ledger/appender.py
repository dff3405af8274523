"""A process that appends to a ledger file and prints each position once it is acknowledged.

`python -m tests.domain.ledger.appender FILE NAME COUNT`; with a COUNT of 0 until it is killed.
"""

import sys
from itertools import count

from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.records import Append
from tests.domain.ledger.examples import BUSINESS, fact, request, stored


def main(path: str, name: str, appends: int) -> None:
    ledger = SqliteStore(path).ledger(BUSINESS)
    for number in range(appends) if appends else count():
        stream_id = f"pkg_{name}_{number}"
        facts = (fact(stream_id, 1), fact(stream_id, 2))
        done = stored(ledger, Append(facts, {stream_id: 0}, request=request(stream_id)))
        print(done.first, done.last, stream_id, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
