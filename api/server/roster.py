"""The businesses in a store, by their ids alone."""

from domain.ledger.contract import Store


class NoSuchBusiness(LookupError):
    """The named business does not exist, or no single one is implied. The text says what to do."""


def unknown(business_id: str) -> NoSuchBusiness:
    """What is told of an id that no business has."""
    return NoSuchBusiness(f"there is no business {business_id}: `carnet businesses` lists those there are")


def require(store: Store, business_id: str | None) -> None:
    """Raises NoSuchBusiness for an id that no opened business has; None is none in particular."""
    if business_id is not None and not dict(store.heads()).get(business_id):
        raise unknown(business_id)


def without_head(store: Store) -> list[str]:
    """Businesses that have facts or streams, and no head: nothing can be read or recorded of them."""
    headed, found = {id for id, _ in store.heads()}, []
    for id in store.business_ids():
        if id not in headed:
            with store.evidence(id) as evidence:
                if evidence.facts(0, 1) or evidence.page("streams", None, 1):
                    found.append(id)
    return found
