"""`python -m tests.bench NAME`: what the product costs, beside other ways of doing it. `--help` tells the names."""

import argparse
import json
import signal
import sys
from dataclasses import replace
from typing import Any

from api.server.logging import log_as_json
from tests.bench import (
    cards,
    filters,
    idle,
    latency,
    load,
    pages,
    reads,
    rebuild,
    redeem,
    regulars,
    space,
    trace,
    verify,
    waits,
)

BENCHMARKS: dict[str, Any] = {
    "redeem": redeem,
    "latency": latency,
    "trace": trace,
    "regulars": regulars,
    "reads": reads,
    "filters": filters,
    "pages": pages,
    "waits": waits,
    "cards": cards,
    "idle": idle,
    "load": load,
    "space": space,
    "rebuild": rebuild,
    "verify": verify,
}

GIVEN = (
    "seconds",
    "rounds",
    "customers",
    "facts",
    "ledgers",
    "day_book",
    "times",
    "larger",
    "baseline",
    "books",
    "only",
    "databases",
)
"""Options that are members of a plan."""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    benchmarks = parser.add_subparsers(dest="benchmark", required=True)
    _redeem(benchmarks.add_parser("redeem", help="units redeemed in a second, beside two other designs"))
    _common(
        benchmarks.add_parser("latency", help="how long a till waits, at the rates of desks"),
        "two rates, one round",
    )
    _common(benchmarks.add_parser("trace", help="where a lone redemption spends its time"), "40 requests")
    _common(
        benchmarks.add_parser("regulars", help="what a redemption and a booking cost after many packages"),
        "two sizes",
    )
    _common(
        benchmarks.add_parser("reads", help="what answers to questions cost, beside a text that lies ready"),
        "100 packages, one round",
    )
    _filters(
        benchmarks.add_parser("filters", help="a page of a filtered list, of a large business and a small")
    )
    _pages(benchmarks.add_parser("pages", help="how long the server works at each page for people"))
    _common(
        benchmarks.add_parser("waits", help="how long requests wait while the database is in trouble"),
        "a patience of 0.5 s",
    )
    _common(
        benchmarks.add_parser("cards", help="packages of thousands of units beside small ones"), "50 packages"
    )
    _idle(benchmarks.add_parser("idle", help="what ledgers cost in which nothing happens"))
    _rebuild(
        benchmarks.add_parser("rebuild", help="read models made anew, beside what the database alone takes")
    )
    _verify(benchmarks.add_parser("verify", help="facts that are proved in a second of processor time"))
    _load(benchmarks.add_parser("load", help="a day-book loaded, beside another checkout of the code"))
    _space(benchmarks.add_parser("space", help="bytes a fact, by table, of a day-book and over HTTP"))
    chosen = parser.parse_args(arguments)
    benchmark = BENCHMARKS[chosen.benchmark]
    plan = benchmark.QUICK if chosen.quick else benchmark.Plan()
    given = {name: value for name in GIVEN if (value := getattr(chosen, name, None)) is not None}
    for ended in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # what was measured is told, also by a program of the background
        signal.signal(ended, signal.default_int_handler)
    log_as_json("warning")  # a line for each request would be measured with it
    report = benchmark.measure(replace(plan, **given), _tell)
    shown = (
        json.dumps(report.to_json(), indent=1, ensure_ascii=False) if chosen.json else benchmark.table(report)
    )
    print(shown)


def _redeem(parser: argparse.ArgumentParser) -> None:
    _common(parser, "short heats, under 90 s in all")
    parser.add_argument("--seconds", type=_seconds, help="of one heat (2; 0.3 with --quick)")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="of all heats (5)")


def _filters(parser: argparse.ArgumentParser) -> None:
    _common(parser, "5,000 customers, about a minute")
    parser.add_argument("--customers", type=_many, help="of the larger business (100,000)")
    parser.add_argument("--facts", type=_many, help="about so many (1,000,000)")


def _pages(parser: argparse.ArgumentParser) -> None:
    _common(parser, "1,000 customers")
    parser.add_argument("--customers", type=_many, help="of the business (100,000)")
    parser.add_argument("--facts", type=_many, help="about so many (1,000,000)")
    parser.add_argument("--books", metavar="FOLDER", help="where the books stay for the next run (removed)")
    parser.add_argument("--only", metavar="PART,…", help="pages whose address has such a part (all)")
    _databases(parser)


def _databases(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        dest="databases",
        type=lambda name: (name,),
        metavar="NAME",
        help="SQLite or PostgreSQL (both)",
    )


def _space(parser: argparse.ArgumentParser) -> None:
    _common(parser, "300 customers")
    parser.add_argument("--customers", type=_many, help="of the day-book (2,400)")


def _idle(parser: argparse.ArgumentParser) -> None:
    _common(parser, "10,000 ledgers")
    parser.add_argument("--ledgers", type=_many, help="beside 1,000 (100,000)")


def _rebuild(parser: argparse.ArgumentParser) -> None:
    _common(parser, "2,000 sales, one round")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="of all steps (3)")
    parser.add_argument("--times", type=int, metavar="N", help="the day-book is repeated (10)")
    parser.add_argument("--larger", type=int, metavar="N", help="times as many, for memory; 0: not (10)")
    parser.add_argument("--day-book", metavar="FILE", help="as `carnet load` reads it (one is made up)")


def _verify(parser: argparse.ArgumentParser) -> None:
    _common(parser, "400 rows of the day-book")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="of all steps (3)")
    parser.add_argument("--day-book", metavar="FILE", help="as `carnet load` reads it (one is made up)")


def _load(parser: argparse.ArgumentParser) -> None:
    _common(parser, "2,000 rows, one round")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="of all loads (3)")
    parser.add_argument("--day-book", metavar="FILE", help="as `carnet load` reads it (one is made up)")
    parser.add_argument("--baseline", metavar="PATH", help="a checkout that loads the same file in turn")


def _common(parser: argparse.ArgumentParser, quick: str) -> None:
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--quick", action="store_true", help=quick)


def _tell(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.01 <= seconds <= 60:
        raise argparse.ArgumentTypeError("must lie between 0.01 and 60")
    return seconds


def _many(text: str) -> int:
    many = int(text.replace(",", "").replace("_", ""))
    if not 100 <= many <= 100_000_000:
        raise argparse.ArgumentTypeError("must lie between 100 and 100,000,000")
    return many


if __name__ == "__main__":
    main(sys.argv[1:])
