"""The proof of one package: the hash of each of its facts, recomputed from the stored bytes."""

from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, NoParameters, Query
from api.http.query_route import query
from api.resources.packages.at_a_moment import ask
from domain.values import Value
from replay.stream_proof import flaw_in_stream


class PackageVerification(Value):
    """Whether each fact of a package has the hash that its stored bytes make with the hash before it."""

    package_id: str
    intact: bool
    facts: int
    position: int | None
    """The first fact that is not as it was recorded; else null."""
    reason: str | None
    """Of a break; else null."""


@query(
    "/v1/packages/{package_id}/verification",
    "packages.verification",
    "Recompute the hash of each fact of a package",
    roles=BOOKKEEPERS,
    answer=PackageVerification,
)
def verify_package(call: Query[NoParameters]) -> Found:
    """Read the stored bytes of the facts of a package, and recompute the hash of each with the hash before it as that
    is stored. It is quick, however large the ledger is. That the facts between are right too, only
    `GET /v1/ledger/verification` proves.
    """
    asked = ask(call)
    facts, broken = flaw_in_stream(call.ledger.recorder, asked.id)
    told = PackageVerification(
        package_id=asked.id,
        intact=broken is None,
        facts=facts,
        position=None if broken is None else broken.position,
        reason=None if broken is None else broken.reason,
    )
    return Found(told, asked.position)


HANDLERS = (verify_package,)
