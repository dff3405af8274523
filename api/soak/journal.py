"""What the tills were told, for all threads: answers by kind, how long they took, and what was wrong."""

from collections import Counter
from dataclasses import dataclass, field
from threading import Lock

LATE_S = 3.5
"""A refusal of the service may take 3 s; the rest is the way to a till on a busy machine."""
SHOWN_MAX = 20
"""Faults that are told whole; all are counted."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A command that was answered 201: its request, and what the answer said."""

    path: str
    authorization: str
    key: str
    """Its Idempotency-Key."""
    body: object
    """As it was sent."""
    answer: bytes


@dataclass
class Journal:
    acknowledged: list[Acknowledged] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    """Answers by status."""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    """How long answers took: `commands`, `questions` and `refused` (503)."""
    unanswered: int = 0
    """Requests whose connection broke before an answer."""
    resent: int = 0
    faults: list[str] = field(default_factory=list)
    """What must never be, in words."""
    found: Counter[str] = field(default_factory=Counter)
    """How often each kind of fault was found."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    def answered(self, kind: str, status: int, seconds: float) -> None:
        with self._lock:
            self.answers[status] += 1
            self.seconds.setdefault("refused" if status == 503 else kind, []).append(seconds)
        if status == 503 and seconds > LATE_S:
            self.fault("late", f"a 503 after {seconds:.1f} s")
        elif status >= 500 and status != 503:
            self.fault("errors", f"an answer {status}")

    def broke(self) -> None:
        with self._lock:
            self.unanswered += 1

    def sends_again(self) -> None:
        with self._lock:
            self.resent += 1

    def acknowledge(self, done: Acknowledged) -> None:
        with self._lock:
            self.acknowledged.append(done)

    def fault(self, kind: str, told: str) -> None:
        """`kind`: lost, doubled, wrong, errors, late or unverified."""
        with self._lock:
            self.found[kind] += 1
            if len(self.faults) < SHOWN_MAX:
                self.faults.append(f"{kind}: {told}")
