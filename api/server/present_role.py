"""The present role of a member of staff: what their keys may do at the most."""

from api.http.ledger_types import Carnet
from domain.actor import Role
from domain.decision import Reads


def present_role(carnet: Carnet, business_id: str, staff_id: str) -> Role | None:
    """The role of a member of staff as it stands now; None for one who left or never was."""
    found = carnet.ledger(business_id).look(Reads({staff_id: 0})).staff(staff_id)
    return found.role if found is not None and found.active else None
