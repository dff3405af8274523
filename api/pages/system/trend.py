"""How far behind a read model was, as a small drawing: numbers for an SVG, made on the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 120, 26
EDGE = 2
"""Room for the width of the line."""


@dataclass(frozen=True, slots=True)
class Trend:
    line: str
    """The path of the lag; it has gaps where the lag is not known."""
    highest: int
    seconds: int
    """From the first look to the last."""


def trend_of(lags: Sequence[int | None], sampled_at: Sequence[str]) -> Trend | None:
    """The drawing of these looks, oldest first; None where there are not two with a lag that is known."""
    known = [lag for lag in lags if lag is not None]
    if len(known) < 2:
        return None
    moments = [datetime.fromisoformat(text) for text in sampled_at]
    whole = (moments[-1] - moments[0]).total_seconds() or 1.0
    top, parts, is_drawing = max(known), list[str](), False
    for moment, lag in zip(moments, lags, strict=True):
        if lag is not None:
            x = round((moment - moments[0]).total_seconds() / whole * WIDTH, 1)
            y = round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * lag / max(top, 1), 1)
            parts.append(f"{'L' if is_drawing else 'M'}{x} {y}")
        is_drawing = lag is not None
    return Trend(" ".join(parts), top, int(whole))
