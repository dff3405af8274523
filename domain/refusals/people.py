"""Refusals by the standing of a customer, and of what an erasure takes away."""

from dataclasses import dataclass, fields

from domain.refusals.refused import Refused


@dataclass(eq=False)
class CustomerIsBlocked(Refused):
    code = "customer-blocked"
    customer_id: str

    def sentence(self) -> str:
        return "the customer is blocked"


@dataclass(eq=False)
class CustomerIsInactive(Refused):
    code = "customer-inactive"
    customer_id: str

    def sentence(self) -> str:
        return "the customer is inactive"


@dataclass(eq=False)
class CustomerIsMerged(Refused):
    """The customer is another name of `survivor_id`, and cannot be merged by itself."""

    code = "customer-merged"
    customer_id: str
    survivor_id: str

    def sentence(self) -> str:
        return "the customer was merged into another one"


@dataclass(eq=False)
class CustomerIsNotMerged(Refused):
    code = "not-merged"
    customer_id: str

    def sentence(self) -> str:
        return "the customer was not merged into this one"


@dataclass(eq=False)
class ImportOfCustomers(Refused):
    """Customers came by this import: nobody is taken out of the books by the number of a file."""

    code = "import-of-customers"
    import_id: str

    def sentence(self) -> str:
        return "an import of customers is not reversed: deactivate, merge or erase those who came by mistake"


@dataclass(eq=False)
class ErasureOutstanding(Refused):
    """What a customer still has: the caller says what becomes of it, or settles it first."""

    code = "erasure-outstanding"
    packages: tuple[str, ...]
    """With units that can be used, or held for a booking."""
    bookings: tuple[str, ...]
    """Pending or confirmed, and not over."""
    memberships: tuple[str, ...]
    """Not ended."""
    top_ups: tuple[str, ...]
    """Rules that are not removed."""
    owing: tuple[str, ...]
    """Packages and bookings that are not paid in full."""

    def sentence(self) -> str:
        found = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        told = ", ".join(f"{n} {WORD_FOR_OUTSTANDING[name]}" for name, n in found.items() if n)
        return f"outstanding: {told}"


WORD_FOR_OUTSTANDING = {
    "packages": "packages with unused units",
    "bookings": "bookings",
    "memberships": "memberships",
    "top_ups": "rules that top up",
    "owing": "not paid in full",
}
"""What each list of `ErasureOutstanding` counts, for people."""


@dataclass(eq=False)
class Erased(Refused):
    """The stored answer held the data of a person who was erased since."""

    code = "erased"

    def sentence(self) -> str:
        return "the answer to this request was erased with the person in it"


@dataclass(eq=False)
class CustomerIsErased(Refused):
    """Nothing more happens with a customer whose personal data was deleted, nor with what is theirs."""

    code = "erased"
    customer_id: str

    def sentence(self) -> str:
        return "this customer was erased"
