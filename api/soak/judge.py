"""The judge: the journal of the tills against the ledger, when all is quiet again."""

import json
import random
from collections import Counter
from collections.abc import Sequence

import httpx

from api.soak.journal import Acknowledged, Journal
from api.soak.till import Till

ASKED_AGAIN_MAX = 2_000
"""Acknowledged commands that are sent again; chosen by chance where there are more."""


def judge(
    client: httpx.Client, journal: Journal, tills: Sequence[Till], shared: int, chance: random.Random
) -> None:
    """Find what is lost, doubled or wrong, and tell it to the journal. `shared`: units of each shared package.

    A server that does not answer any more is told as an error: nothing can be held against it.
    """
    try:
        _balances(client, journal, tills, shared)
        _answers(client, journal, chance)
    except httpx.TransportError as error:
        told = f"the server does not answer ({error}): the journal could not be held against the ledger"
        journal.fault("errors", told)


def _balances(client: httpx.Client, journal: Journal, tills: Sequence[Till], shared: int) -> None:
    """Each balance is what its sale and the acknowledged uses make of it: a lost use is a unit too much, a doubled one
    a unit too few."""
    expected = {package.id: package.remaining for till in tills for package in till.sold}
    used: Counter[str] = Counter()
    for till in tills:
        used.update(till.used_up)
    expected |= {package: shared - used[package] for till in tills for package in till.shared}
    for package, remaining in expected.items():
        found = client.get(f"/v1/packages/{package}").json()["remaining"]
        if found != remaining:
            kind = "lost" if found > remaining else "doubled"
            journal.fault(
                kind, f"{package} has {found} left, and {remaining} follow from what was acknowledged"
            )


def _answers(client: httpx.Client, journal: Journal, chance: random.Random) -> None:
    """An acknowledged command is known by its key, and answered as it was."""
    asked = journal.acknowledged
    if len(asked) > ASKED_AGAIN_MAX:
        asked = chance.sample(asked, ASKED_AGAIN_MAX)
    for done in asked:
        again = _sent_again(client, done)
        if again.status_code != 201 or again.headers.get("idempotency-replayed") != "true":
            journal.fault(
                "lost", f"{done.key} was acknowledged, and is answered {again.status_code} as if it were new"
            )
        elif again.content != done.answer:
            journal.fault("wrong", f"{done.key} is answered otherwise than before")


def _sent_again(client: httpx.Client, done: Acknowledged) -> httpx.Response:
    headers = {
        "Idempotency-Key": done.key,
        "Content-Type": "application/json",
        "Authorization": done.authorization,
    }
    return client.post(done.path, content=json.dumps(done.body), headers=headers)
