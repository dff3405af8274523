"""`python -m tests.bench redeem [--json] [--quick] [--seconds N] [--rounds N]`."""

import argparse
import json
import sys
from dataclasses import replace

from tests.bench.redeem import QUICK, Plan, measure, table


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    benchmarks = parser.add_subparsers(dest="benchmark", required=True)
    redeem = benchmarks.add_parser("redeem", help="units redeemed in a second, beside two other designs")
    redeem.add_argument("--json", action="store_true", help="print the report as JSON")
    redeem.add_argument("--quick", action="store_true", help="short heats, under 90 s in all")
    redeem.add_argument("--seconds", type=_seconds, help="of one heat (1.5; 0.3 with --quick)")
    redeem.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="of all heats (3)")
    chosen = parser.parse_args(arguments)
    plan = QUICK if chosen.quick else Plan()
    given = {name: value for name in ("seconds", "rounds") if (value := getattr(chosen, name)) is not None}
    report = measure(replace(plan, **given), lambda step: print(step, file=sys.stderr, flush=True))
    print(json.dumps(report.to_json(), indent=1, ensure_ascii=False) if chosen.json else table(report))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 60:
        raise argparse.ArgumentTypeError("must lie between 0.01 and 60")
    return seconds


if __name__ == "__main__":
    main(sys.argv[1:])
