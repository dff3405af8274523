"""The points of the reference: a second opinion on domain.md, Points, and on rules.md, Points.

An account is nothing but its entries: what it holds, what was ever given and what is left of an addition are sums
over them. Moments are whole milliseconds.
"""

from collections import Counter
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

    @property
    def moved(self) -> bool:
        """Whether it came about by a merge."""
        return self.source is not None and self.source[0] == "merge"


@dataclass
class Account:
    """Of one customer."""

    entries: list[Entry] = field(default_factory=list)

    @property
    def balance(self) -> int:
        return sum(entry.points for entry in self.entries)

    @property
    def given(self) -> int:
        """Points that came from another account count as far as they are more than went there."""
        own = sum(max(0, entry.points) for entry in self.entries if not entry.moved)
        from_others, so_far = 0, Counter[str]()
        for entry in (entry for entry in self.entries if entry.moved):
            other = (entry.source and entry.source[1]) or ""
            before = max(0, so_far[other])
            so_far[other] += entry.points
            from_others += max(0, max(0, so_far[other]) - before)
        return own + from_others

    def from_other(self, customer: str) -> int:
        """Points that came from the account of another by merges, less those that went there."""
        return sum(entry.points for entry in self.entries if entry.source == ("merge", customer))

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

    def move(self, giver: str, taker: str, points: int, now: int) -> None:
        """Points go over to another account as customers are merged."""
        for whose, other, change in ((giver, taker, -points), (taker, giver, points)) if points else ():
            account = self.of(whose)
            at, total = max(now, account.latest), account.balance + change
            self._enter(whose, Entry(None, "adjusted", change, total, at, None, "system", ("merge", other)))

    def _pass_on(self, customer: str, points: int, at: int) -> None:
        """What changes in an absorbed account goes on to the survivor's."""
        into = self.books.customers.own(customer).into
        while into is not None:
            self.move(customer, into, points, at)
            customer, into = into, self.books.customers.own(into).into

    def _with(self, customer: str, source: Source, turn: int) -> tuple[str, Entry | None]:
        """Whose account has what a source gave: the customer's, or that of another name."""
        names = [name for name in self.accounts if self.books.called(name) == customer]
        for name in names:
            if entry := self.of(name).given_by_rule(source, turn):
                return name, entry
        return customer, None

    # By hand

    def add(self, asking: Asking, customer: str, id: str, points: int, source: Source) -> bool:
        customer = self.books.called(customer)
        why = self._against(customer, id)
        why.when(self.of(customer).given + points > GIVEN_MAX, "limit-reached")
        why.refuse()
        return self._by_hand(asking, customer, id, "added", points, source)

    def redeem(self, asking: Asking, customer: str, id: str, points: int, source: Source | None) -> bool:
        customer = self.books.called(customer)
        why = self._against(customer, id)
        why.when(points > self.of(customer).balance, "points-insufficient")
        why.refuse()
        return self._by_hand(asking, customer, id, "redeemed", -points, source)

    def adjust(self, asking: Asking, customer: str, id: str, points: int, source: Source | None) -> bool:
        customer = self.books.called(customer)
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
        self._by_hand(asking, customer, id, "adjusted", -left, entry.source, entry)
        self._pass_on(customer, -left, self.of(customer).latest)
        return True

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
        if rule is None or self._with(customer, (kind, id), turn)[1]:
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
        customer, addition = self._with(customer, (kind, id), turn)
        account = self.of(customer)
        if addition is None:
            return
        gave = addition.points * part // whole - addition.points * before // whole
        points = min(gave, addition.points - account.taken_back(addition))
        if points > 0:
            total = account.balance - points
            back = Entry(None, "adjusted", -points, total, at, None, "system", addition.source)
            back.reverses = addition
            self._enter(customer, back)
            self._pass_on(customer, -points, at)
