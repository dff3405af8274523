"""What was entered late, corrected or given a reason, answered from sums that a process keeps and brings on.

Facts that stand alone are added once, as the ledger grows: nobody who is merged, erased or imported later changes them.
Each part is made by the first question about it, and has a position of its own.
"""

from dataclasses import dataclass, field

from replay.reports.kept_late import KeptLate
from replay.reports.kept_reasons import KeptReasons


@dataclass
class KeptEntries:
    """Those of one business, by days in its zone."""

    zone: str
    late: KeptLate = field(init=False)
    reasons: KeptReasons = field(init=False)

    def __post_init__(self) -> None:
        self.late, self.reasons = KeptLate(self.zone), KeptReasons(self.zone)
