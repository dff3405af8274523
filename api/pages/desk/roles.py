"""What a role may do at the desk, so that no page shows a button that the API would refuse.

The API decides; this only leaves out what it would never allow.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.pages.view import View

SELLS = ("owner", "manager", "staff", "integration")
MANAGES = ("owner", "manager")


def may_of(view: View) -> Mapping[str, bool]:
    """`sell`: sell, use, take payments, add notes. `change`: edit packages."""
    return {"sell": view.role in SELLS, "change": view.role in MANAGES}


def may_undo(view: View, use: Mapping[str, Any]) -> bool:
    """Whether a use may be given back: by managers; by others their own, on the day it was entered."""
    if use["restorable"] == 0:
        return False
    if view.role in MANAGES:
        return True
    recorded = datetime.fromisoformat(use["recorded_at"]).astimezone(ZoneInfo(use["time_zone"])).date()
    return use["entered_by"]["id"] == view.me["actor"]["id"] and recorded == view.today
