"""What a verification found, remembered beside the ledger: told between visits, and never taken for a proof."""

from api.http.ledger_types import (
    Carnet,
    Contention,
    LedgerUnavailable,
    ReadOnlyBooks,
    RoleNeeded,
    StoredVerification,
    VerificationPlace,
)
from domain.actor import Actor
from domain.moments import to_milliseconds
from replay.proof.prove import Proof
from replay.verify import Intact


def remember(
    carnet: Carnet, proof: Proof, findings: int, place: VerificationPlace, actor: Actor | None = None
) -> None:
    """Keep what a proof has found once it has told all of its findings.

    Raises ReadOnlyBooks, LedgerUnavailable, Contention.
    """
    chain = proof.chain
    found = StoredVerification(
        business_id=proof.business_id,
        verified_at=to_milliseconds(carnet.clock()),
        position=chain.position,
        hash=chain.hash if isinstance(chain, Intact) else None,
        intact=isinstance(chain, Intact) and not findings,
        reason=None if isinstance(chain, Intact) else chain.reason,
        findings=findings,
        place=place,
        actor_id=None if actor is None else actor.id,
        role=None if actor is None else actor.role.value,
    )
    carnet.store.verifications.add(found)


def remembered_where_it_can_be(
    carnet: Carnet, proof: Proof, findings: int, place: VerificationPlace
) -> str | None:
    """Why it cannot be kept, where that is so: books that are only read here are verified too."""
    try:
        remember(carnet, proof, findings, place)
    except (ReadOnlyBooks, RoleNeeded):
        return "the books are only read here"
    except (LedgerUnavailable, Contention) as error:
        return str(error)
    return None
