"""The report of a soak."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.soak.journal import Journal

FAULTS = ("lost", "doubled", "wrong", "errors", "late", "unverified")
"""Kinds of faults: acknowledged and not in the ledger; there twice; another number than follows; an answer 5xx but 503,
or a server that did not start; an answer after its time; books that `carnet verify` found fault with."""


@dataclass(frozen=True, slots=True)
class Report:
    seed: int
    seconds: float
    tills: int
    trouble: Counter[str]
    checks: int
    journal: Journal

    @property
    def is_clean(self) -> bool:
        return not self.journal.found

    def to_json(self) -> dict[str, Any]:
        journal = self.journal
        return {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "tills": self.tills,
            "answers": {str(status): times for status, times in sorted(journal.answers.items())},
            "acknowledged": len(journal.acknowledged),
            "unanswered": journal.unanswered,
            "resent": journal.resent,
            "trouble": dict(self.trouble),
            "verified": self.checks,
            "milliseconds": {kind: _quantiles(times) for kind, times in sorted(journal.seconds.items())},
            "faults": {kind: journal.found[kind] for kind in FAULTS},
            "told": journal.faults,
        }

    def lines(self) -> list[str]:
        told = self.to_json()
        answers = ", ".join(f"{times:,} × {status}" for status, times in told["answers"].items())
        trouble = ", ".join(f"{times} {name}" for name, times in told["trouble"].items())
        return [
            f"{self.tills} tills for {self.seconds:,.0f} s, seed {self.seed}",
            f"answers        {answers}",
            f"acknowledged   {told['acknowledged']:,} commands; {told['resent']:,} requests sent again, "
            f"{told['unanswered']:,} broke off",
            f"trouble        {trouble or 'none'}",
            *(
                f"{kind:<14} p50 {times['p50']:,} ms, p99 {times['p99']:,} ms, slowest {times['slowest']:,} ms"
                for kind, times in told["milliseconds"].items()
            ),
            f"verified       {self.checks} times, the last time with the read models",
            "found          " + ", ".join(f"{times} {kind}" for kind, times in told["faults"].items()),
            *(f"  {fault}" for fault in self.journal.faults),
        ]


def _quantiles(seconds: Sequence[float]) -> dict[str, int]:
    ordered = sorted(seconds)
    last = len(ordered) - 1
    found = {"p50": ordered[last // 2], "p99": ordered[last * 99 // 100], "slowest": ordered[last]}
    return {name: round(value * 1_000) for name, value in found.items()}
