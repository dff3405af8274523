"""The liability report made a second time: plain Python over stored rows, with none of the product's code.

Every figure is a sum over the facts that count. `tests/model/` compares it at random moments on both clocks.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from domain.ledger.envelope import StoredFact

Data = dict[str, Any]
LAST_DAY = date(2200, 12, 31)


def liability(
    facts: Iterable[StoredFact],
    moment: datetime,
    recorded_before: datetime | None,
    effective_before: datetime | None,
) -> dict[str, int]:
    """The figures of the report, judged at a moment."""
    facts = list(facts)
    called = merged(facts, recorded_before, effective_before)
    report = Counter[str]()
    owners, redeemed = set(), Counter[str]()
    over: defaultdict[str, set[str]] = defaultdict(set)
    for id, told in packages(facts, recorded_before, effective_before).items():
        if is_voided(told):
            continue
        ((_, sale), *_) = told
        owner = sale["customer_id"]
        while owner in called:
            owner = called[owner]
        owners.add(owner)
        report["packages"] += 1
        for name, amount in figures(told):
            report[name] += amount
        for name, data in told:
            for redemption, units in uses(name, data):
                redeemed[redemption] += units
                if units > 0:
                    over[redemption].add(id)
        value = sum(amount for name, amount in figures(told) if name == "value")
        left = sum(amount for name, amount in figures(told) if name == "units_remaining")
        standing = status(told, left, moment)
        report["packages_" + standing] += 1
        if standing == "active":
            report["units_valid"] += left
            report["liability"] += value
    del report["value"]
    used = [id for id, units in redeemed.items() if units > 0]
    report["customers"] = len(owners)
    report["redemptions"] = len(used)
    report["redemptions_across_packages"] = sum(len(over[id]) > 1 for id in used)
    return dict(report)


def merged(
    facts: Iterable[StoredFact], recorded_before: datetime | None, effective_before: datetime | None
) -> dict[str, str]:
    """Absorbed customer → its survivor, by what was recorded before both moments."""
    found: dict[str, str] = {}
    for fact in facts:
        recorded_at = datetime.fromtimestamp(fact.recorded_at // 1000, UTC) + timedelta(
            milliseconds=fact.recorded_at % 1000
        )
        ends = [moment for moment in (recorded_before, effective_before) if moment is not None]
        if fact.name.startswith("customer.") and all(recorded_at < end for end in ends):
            data = json.loads(fact.data)
            if fact.name == "customer.merged":
                found[data["absorbed_id"]] = data["survivor_id"]
            if fact.name == "customer.unmerged":
                found.pop(data["absorbed_id"], None)
    return found


def is_voided(told: list[tuple[str, Data]]) -> bool:
    ends = [name for name, _ in told if name in ("package.cancelled", "package.voided", "package.reinstated")]
    return ends[-1:] == ["package.voided"]


def packages(
    facts: Iterable[StoredFact], recorded_before: datetime | None, effective_before: datetime | None
) -> dict[str, list[tuple[str, Data]]]:
    """Package → name and data of its facts that count, in the order in which they count."""
    found: defaultdict[str, list[tuple[str, Data]]] = defaultdict(list)
    for fact in facts:
        if fact.kind != "package":
            continue
        recorded_at = datetime.fromtimestamp(fact.recorded_at // 1000, UTC) + timedelta(
            milliseconds=fact.recorded_at % 1000
        )
        data = json.loads(fact.data)
        if recorded_before is not None and recorded_at >= recorded_before:
            continue
        if effective_before is not None and _moment(data) >= effective_before:
            continue
        found[fact.stream_id].append((fact.name, data))
    if effective_before is not None:
        for told in found.values():
            told.sort(key=lambda each: _moment(each[1]))
    return dict(found)


def _moment(data: Data) -> datetime:
    return datetime.fromisoformat(data["effective_at"])


def figures(told: list[tuple[str, Data]]) -> Iterator[tuple[str, int]]:
    """The figures that each fact moves, and by how much; `value` is that of the units left."""
    for name, data in told:
        match name.removeprefix("package."):
            case "purchased":
                units = sum(line["quantity"] for line in data["lines"])
                yield from {
                    "units_granted": units,
                    "units_remaining": units,
                    "amount_sold": data["price"],
                    "value": data["price"],
                }.items()
            case "price_adjusted":
                yield "amount_sold", data["price"] - data["previous"]
                yield "value", data["price"] - data["previous"]
            case "imported":
                left = [
                    [value for value, count in line["values"] for _ in range(count)][used:]
                    for line, used in zip(data["lines"], data["used_before"], strict=True)
                ]
                units = sum(map(len, left))
                yield from {
                    "units_imported": units,
                    "units_remaining": units,
                    "value": sum(map(sum, left)),
                }.items()
            case "transferred_in":
                units = sum(line["quantity"] for line in data["lines"])
                yield from {
                    "units_transferred": -units,
                    "units_remaining": units,
                    "value": data["price"],
                }.items()
            case "granted":
                units = sum(line["quantity"] for line in data["lines"])
                rolled = sum(data["rolled"])
                yield from {
                    "units_granted": units - rolled,
                    "units_transferred": -rolled,
                    "amount_sold": data["price"] - data["rolled_value"],
                    "units_remaining": units,
                    "value": data["price"],
                }.items()
            case "transferred_out":
                yield "units_transferred", len(data["units"])
                yield "units_remaining", -len(data["units"])
                yield "value", -data["value"]
            case "transfer_undone":
                yield "units_transferred", -len(data["units"])
                yield "units_remaining", len(data["units"])
                yield "value", data["value"]
            case "transfer_revoked":
                for part in data["returned"]:
                    yield "units_transferred", len(part["units"])
                    yield "units_remaining", -len(part["units"])
                    yield "value", -part["value"]
            case "redeemed":
                yield "units_redeemed", len(data["units"])
                yield "units_remaining", -len(data["units"])
                yield "value", -data["value"]
            case "restored":
                yield "units_forfeited" if data.get("forfeiture") else "units_redeemed", -len(data["units"])
                lapsed = data.get("lapsed", False)
                yield "units_lapsed" if lapsed else "units_remaining", len(data["units"])
                yield "value", 0 if lapsed else data["value"]
            case "forfeited":
                yield "units_forfeited", len(data["units"])
                yield "units_remaining", -len(data["units"])
                yield "value", -data["value"]
            case "corrected":
                for use in data.get("freed", ()):
                    yield "units_forfeited" if use.get("forfeiture") else "units_redeemed", -len(use["units"])
                    yield "units_corrected", -len(use["units"])
                yield "units_corrected", data["change"]
                yield "units_remaining", data["change"]
                yield "value", data["value"] if data["change"] > 0 else -data["value"]
            case "cancelled" | "voided":
                yield from _parts(data.get("lapsed", ()), -1)
            case "reinstated":
                yield from _parts(data.get("returned", ()), 1)
            case _:
                pass


def _parts(parts: Iterable[Data], sign: int) -> Iterator[tuple[str, int]]:
    for part in parts:
        yield "units_lapsed", -sign * len(part["units"])
        yield "units_remaining", sign * len(part["units"])
        yield "value", sign * part["value"]


def uses(name: str, data: Data) -> Iterator[tuple[str, int]]:
    """Redemption → the units that a fact gives to it (+) or takes from it (-)."""
    if name == "package.redeemed":
        yield data["redemption_id"], len(data["units"])
    elif name == "package.restored" and not data.get("forfeiture"):
        yield data["redemption_id"], -len(data["units"])
    elif name == "package.corrected":
        for use in data.get("freed", ()):
            if not use.get("forfeiture"):
                yield use["redemption_id"], -len(use["units"])


def status(told: list[tuple[str, Data]], left: int, moment: datetime) -> str:
    cancelled, expires_on, frozen = False, None, None
    zone = told[0][1]["time_zone"]
    for name, data in told:
        match name.removeprefix("package."):
            case (
                "purchased"
                | "transferred_in"
                | "imported"
                | "granted"
                | "expiry_changed"
                | "reinstated"
                | "validity_started"
                | "validity_reset"
            ):
                expires_on = data.get("expires_on")
                cancelled = cancelled and name != "package.reinstated"
            case "expiry_removed":
                expires_on = None
            case "frozen":
                frozen = (date.fromisoformat(data["frozen_on"]), date.fromisoformat(data["until"]))
            case "unfrozen":
                expires_on, frozen = data.get("expires_on"), None
            case "cancelled" | "voided" | "transfer_revoked":
                cancelled = True
            case _:
                pass
    if cancelled:
        return "cancelled"
    if left == 0:
        return "fully_used"
    return "expired" if _expired(expires_on, frozen, moment.astimezone(ZoneInfo(zone)).date()) else "active"


def _expired(expires_on: str | None, frozen: tuple[date, date] | None, today: date) -> bool:
    if expires_on is None:
        return False
    last = date.fromisoformat(expires_on)
    if frozen is not None:
        first, until = frozen
        if first <= today <= until:
            return False
        if today > until:
            last = min(last, LAST_DAY - (until - first) - timedelta(days=1))
            last += until - first + timedelta(days=1)
    return today > last
