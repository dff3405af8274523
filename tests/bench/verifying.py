"""How much memory verification holds at once: `python -m tests.bench.verifying --facts 200000`."""

import argparse
import gc
import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from api.http.ids import new_id
from api.server.installation import opened
from api.server.settings import Settings
from domain.ledger.embedded.sqlite import migrate
from domain.ledger.orders import Done, Order
from domain.people.commands import RegisterCustomer
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from replay.proof.prove import Proof
from replay.verify import Intact
from tests.api.cli.world import AT_THE_DESK

BATCH = 500
GROWTH_MAX = 1.3
"""What the larger ledger may take more than one of a twentieth of its facts."""


def peak_bytes(facts: int, folder: Path) -> int:
    """The most that Python held while it verified books of that many facts. Asserts that they are intact."""
    file = folder / f"{facts}.db"
    migrate(file)
    settings = Settings.read({"CARNET_DATABASE": f"sqlite:///{file}", "XDG_DATA_HOME": str(folder)})
    with opened(settings) as here:
        business_id, _ = here.open_business("Discs", "USD", "UTC")
        ledger = here.carnet.ledger(business_id)
        while (missing := facts - ledger.recorder.head().position) > 0:
            orders = [_registering() for _ in range(min(BATCH, missing))]
            assert all(isinstance(done, Done) for done in ledger.execute(orders))
        gc.collect()
        tracemalloc.start()
        try:
            with here.carnet.store.evidence(business_id) as evidence:
                proof = Proof(evidence, None)
                assert list(proof.findings()) == []
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert isinstance(proof.chain, Intact)
        assert proof.chain.position == facts
        return peak


def _registering() -> Order:
    asked = RegisterCustomer(customer_id=new_id("cus"), profile={"name": "Anna"})
    return Order(REGISTER_CUSTOMER, asked, AT_THE_DESK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--facts", type=int, default=200_000, help="at least 100,000: a twentieth fills two pages"
    )
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        peaks = []
        for facts in (asked.facts // 20, asked.facts):
            begun = perf_counter()
            peaks.append(peak := peak_bytes(facts, Path(folder)))
            print(
                f"{facts:,} facts: {peak / 2**20:.1f} MiB at most, {perf_counter() - begun:.0f} s with filling"
            )
    if peaks[1] > GROWTH_MAX * peaks[0]:
        sys.exit("memory grows with the ledger")


if __name__ == "__main__":
    main()
