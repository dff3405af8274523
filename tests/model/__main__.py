"""Long runs of the machine: `python -m tests.model --steps 25000 --store memory|sqlite|postgres --seed N`.

Every chunk of examples has a seed of its own, counted up from N. A failure tells the seed of its chunk: the same
command with that seed runs into it again, at once.
"""

import argparse
import sys
import time

from tests.model.places import STORES, places
from tests.model.run import run

EXAMPLES, STEPS = 20, 50
"""Of one chunk."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--steps", type=int, default=25_000, help="how many steps to do at least")
    parser.add_argument("--store", choices=STORES, default="memory")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shrink", action="store_true", help="look for the shortest failure; takes minutes")
    asked = parser.parse_args()
    began, done, seed = time.monotonic(), 0, asked.seed
    with places(asked.store) as make:
        while done < asked.steps:
            try:
                done += run(make, examples=EXAMPLES, steps=STEPS, from_seed=seed, shrink=asked.shrink)
            except BaseException:
                print(f"failed: --store {asked.store} --seed {seed} --steps 1", file=sys.stderr)
                raise
            rate = done / (time.monotonic() - began)
            print(f"{done:>9} steps on {asked.store}, {rate:.0f} a second, seed {seed}", flush=True)
            seed += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
