"""The ledger: its head, its proof, what is owed and what moved it, and read models that stopped."""

from asyncio import gather
from typing import Any

from api.pages.asking import Answer, ApiRefused
from api.pages.audit.proof import DOOR, NOT_ASKED, Proved, page_of, proved
from api.pages.page import form, page
from api.pages.view import Screen, Unchanged, View

VERIFICATIONS = 10
"""Those that are remembered and shown; the API tells more."""


@page("/audit")
async def ledger(view: View) -> Screen | Unchanged:
    """Where the books begin. The proof and the figures read every fact, so each is made when it is asked for."""
    return await _shown(view)


@form(f"/audit{DOOR}")
async def verify(view: View) -> Screen | Unchanged:
    """The same, with the proof of the whole ledger."""
    return await _shown(view, await proved(view))


async def _shown(view: View, proof: Proved = NOT_ASKED) -> Screen | Unchanged:
    head, models = await gather(view.know("ledger.head"), view.know("read_models.list", None, {"limit": 200}))
    verifications = await view.know("ledger.verifications", None, {"limit": VERIFICATIONS})
    figures: dict[str, Any] = {
        "liability": None,
        "moved": None,
        "is_waiting": False,
        "month": view.today.replace(day=1).isoformat(),
    }
    if view.one("figures") == "yes":
        figures |= await _added_up(view, figures["month"])
        if figures["is_waiting"] and view.is_part:
            return Unchanged()
    stopped = [each for each in models.body["data"] if each["stop"] is not None]
    shown = {
        "head": head.body,
        "proof": proof.told,
        "seconds": proof.seconds,
        "verifications": verifications.body["data"],
        "stopped": stopped,
        **figures,
    }
    return Screen("audit/ledger.html", shown, true_for=head.position, address=page_of(view))


async def _added_up(view: View, month: str) -> dict[str, Any]:
    """Both reports as one answer to wait for: of two, the one that is there first would be handed out in vain."""

    async def both() -> Answer:
        liability, moved = await gather(
            view.ask("reports.liability"), view.ask("reports.movements", None, {"from": month})
        )
        if not (liability.is_good and moved.is_good):
            return moved if liability.is_good else liability
        return Answer(200, {"liability": liability.body, "moved": moved.body}, liability.position)

    found = await view.frame.long.of((view.session.key, "figures", month), both)
    if found is None:
        return {"is_waiting": True}
    if not found.is_good:
        raise ApiRefused(found)
    return dict(found.body)


PAGES = (ledger, verify)
