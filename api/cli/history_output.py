"""What `carnet history` prints: a package, and everything that happened to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import click

from api.cli.output import as_json, money, plain, table
from api.resources.parts import ERASED, People, beneficiary
from domain.moments import rfc3339
from domain.zone_rules import zone as rules_of
from projections.engine.definition import Row
from projections.models.card_columns import card_status
from replay.package import PackageThen


@dataclass(frozen=True, slots=True)
class Names:
    """The names and texts of a history: of people and keys by their ids, and of reasons and notes by theirs."""

    people: People
    texts: Mapping[str, str]

    def of(self, id: str | None) -> str | None:
        name: str | None = self.people.get(id or "", {}).get("name")
        return name

    def participant(self, id: str | None, customer_id: str) -> str | None:
        """The name of a participant; number 0 has the customer's."""
        name: str | None = None if id is None else beneficiary(id, customer_id, self.people)["name"]
        return name

    def text(self, id: str | None) -> str | None:
        return None if id is None or self is UNNAMED else self.texts.get(id, ERASED)


UNNAMED = Names({}, {})
"""For the past, which is told in ids."""


def package(then: PackageThen, names: Names) -> None:
    """Print a package and its history."""
    card, zone = then.card, then.card["time_zone"]
    click.echo(f"{card['name']} #{card['purchase_number']} of {card['customer_id']}")
    last = f"valid until {card['expires_on']}" if card["expires_on"] else "never expires"
    state = card_status(card, then.moment).replace("_", " ")
    used = f"{card['used']}/{card['total']} used, {card['remaining']} left"
    click.echo(f"{state}: {used}; {last}; worth {money(card['unused_value'], card['currency'])}")
    click.echo(
        f"version {then.version}, position {then.position:,}, as at {_local(then.moment, zone)}, {zone} time\n"
    )
    columns = ("version", "effective", "what", "change", "left", "for", "why", "entered by", "recorded")
    table(columns, [_line(row, then, names) for row in then.history])


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(rules_of(zone)):%Y-%m-%d %H:%M}"


def _line(row: Row, then: PackageThen, names: Names) -> tuple[object, ...]:
    zone, participant_id = then.card["time_zone"], row["participant_id"]
    return (
        f"v{row['version']}",
        _local(row["effective_at"], zone),
        row["label"],
        f"{row['change']:+d}" if row["change"] else "",
        "" if row["remaining"] is None else str(row["remaining"]),
        names.participant(participant_id, then.customer_id) or participant_id or "",
        " · ".join(filter(None, (row["reason_text"], names.text(row["text_id"])))),
        f"{names.of(row['actor_id']) or row['actor_id']} ({row['actor_role']})",
        _local(row["recorded_at"], zone),
    )


def package_as_json(then: PackageThen, names: Names) -> None:
    as_json(
        {
            "package_id": then.card["package_id"],
            "version": then.version,
            "position": then.position,
            "moment": rfc3339(then.moment),
            "status": card_status(then.card, then.moment),
            "card": plain(then.card),
            "history": [_told(row, then, names) for row in then.history],
        }
    )


def _told(row: Row, then: PackageThen, names: Names) -> Row:
    """A row of the history, with the names in it."""
    participant_id = row["participant_id"]
    participant = {"id": participant_id, "name": names.participant(participant_id, then.customer_id)}
    return {
        **plain(row),
        "entered_by": {"id": row["actor_id"], "name": names.of(row["actor_id"]), "role": row["actor_role"]},
        "participant": participant if participant_id else None,
        "text": names.text(row["text_id"]),
    }
