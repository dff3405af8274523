"""Late entries, corrections and reasons of one business together, as a process keeps them."""

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
