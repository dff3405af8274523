"""The points of the reference: a second opinion on domain.md, Points, and on rules.md, Points.

An account is nothing but its entries: what it holds, what was ever given and what is left of an addition are sums
over them. Moments are whole milliseconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.model.plain import Asking, EarnRule, Reasons, Refusal

if TYPE_CHECKING:
    from tests.model.reference import Reference

GIVEN_MAX = 2**53 - 1
"""All points that one customer is ever given."""
Source = tuple[str, str | None]
"""(kind, id): manual, payment, purchase or visit."""


@dataclass(eq=False)
class Entry:
    """A row of the history."""

    id: str | None
    """None until it was recorded, where a rule made it: the books name those."""
    action: str
    points: int
    """Signed."""
    total: int
    at: int
    who: str | None
    """None: a rule."""
    by: str
    source: Source | None = None
    rule: EarnRule | None = None
    policies: int | None = None
    """Which policies the rule is of."""
    reverses: "Entry | None" = None
    turn: int = 1
    """Of a visit that was none and then was one after all: which time."""


@dataclass
class Account:
    """Of one customer."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(entry.points for entry in self.entries)

    @property
    def given(self) -> int:
        return sum(max(0, entry.points) for entry in self.entries)

    @property
    def latest(self) -> int:
        return max((entry.at for entry in self.entries), default=0)

    def additions(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.action == "added"]

    def taken_back(self, addition: Entry) -> int:
        return -sum(entry.points for entry in self.entries if entry.reverses is addition)

    def given_by_rule(self, source: Source, turn: int) -> Entry | None:
        given = (each for each in self.additions() if each.rule and each.source == source)
        return next((each for each in given if each.turn == turn), None)


class Accounts:
    """The points of all customers of one business."""

    def __init__(self, books: "Reference") -> None:
        self.books = books
        self.accounts: dict[str, Account] = {}

    def of(self, customer: str) -> Account:
        return self.accounts.get(customer, Account())

    def entries(self) -> Iterator[tuple[str, Entry]]:
        """Of all customers: (whose, entry)."""
        return ((id, entry) for id, account in self.accounts.items() for entry in account.entries)

    def _enter(self, customer: str, entry: Entry) -> bool:
        self.accounts.setdefault(customer, Account()).entries.append(entry)
        return True

    # By hand

    def add(self, asking: Asking, customer: str, id: str, points: int, source: Source) -> bool:
        why = self._against(customer, id)
        why.when(self.of(customer).given + points > GIVEN_MAX, "limit-reached")
        why.refuse()
        return self._by_hand(asking, customer, id, "added", points, source)

    def redeem(self, asking: Asking, customer: str, id: str, points: int, source: Source | None) -> bool:
        why = self._against(customer, id)
        why.when(points > self.of(customer).balance, "points-insufficient")
        why.refuse()
        return self._by_hand(asking, customer, id, "redeemed", -points, source)

    def adjust(self, asking: Asking, customer: str, id: str, points: int, source: Source | None) -> bool:
        why, account = self._against(customer, id), self.of(customer)
        why.when(points == 0, "validation-failed")
        why.when(account.given + max(0, points) > GIVEN_MAX, "limit-reached")
        why.when(points < 0 and account.balance + points < 0, "points-insufficient")
        why.refuse()
        return self._by_hand(asking, customer, id, "adjusted", points, source)

    def reverse(self, asking: Asking, addition: str, id: str) -> bool:
        """What is left of an addition, whatever is left in the account."""
        known = {entry.id: (whose, entry) for whose, entry in self.entries() if entry.id}
        why = Reasons()
        why.when(id in known, "id-taken")
        if addition not in known:
            raise Refusal(*why, "not-found")
        customer, entry = known[addition]
        left = entry.points - self.of(customer).taken_back(entry)
        why.when(entry.action != "added", "not-eligible")
        why.when(entry.action == "added" and left == 0, "already-restored")
        why.refuse()
        return self._by_hand(asking, customer, id, "adjusted", -left, entry.source, entry)

    def _against(self, customer: str, id: str) -> Reasons:
        why = Reasons()
        why.when(customer not in self.books.customers, "not-found")
        why.when(any(entry.id == id for _, entry in self.entries()), "id-taken")
        return why

    def _by_hand(
        self,
        asking: Asking,
        customer: str,
        id: str,
        action: str,
        points: int,
        source: Source | None,
        reverses: Entry | None = None,
    ) -> bool:
        """Now, or when the last of what counts already happened."""
        account = self.of(customer)
        by = "system" if asking.role == "integration" else "staff"
        at, total = max(asking.now, account.latest), account.balance + points
        entry = Entry(id, action, points, total, at, asking.who, by, source, reverses=reverses)
        return self._enter(customer, entry)

    # By rule

    def gives(self, customer: str, kind: str, id: str, at: int, amount: int = 0, turn: int = 1) -> None:
        """Once for every source, by the rule of the day; nothing where the account is full."""
        account, rule = self.of(customer), self.books.earn_rule(kind)
        if rule is None or account.given_by_rule((kind, id), turn):
            return
        points = rule.points if rule.per_amount is None else rule.points * amount // rule.per_amount
        if points == 0 or account.given + points > GIVEN_MAX:
            return
        self._enter(
            customer,
            Entry(
                id=None,
                action="added",
                points=points,
                total=account.balance + points,
                at=at,
                who=None,
                by="system",
                source=(kind, id),
                rule=rule,
                policies=self.books.policies,
                turn=turn,
            ),
        )

    def takes_back(
        self,
        customer: str,
        kind: str,
        id: str,
        at: int,
        part: int = 1,
        whole: int = 1,
        before: int = 0,
        turn: int = 1,
    ) -> None:
        """What the part of it from `before` to `part` gave, as far as it is still there, whatever the rules are."""
        account = self.of(customer)
        addition = account.given_by_rule((kind, id), turn)
        if addition is None:
            return
        gave = addition.points * part // whole - addition.points * before // whole
        points = min(gave, addition.points - account.taken_back(addition))
        if points > 0:
            total = account.balance - points
            back = Entry(None, "adjusted", -points, total, at, None, "system", addition.source)
            back.reverses = addition
            self._enter(customer, back)
