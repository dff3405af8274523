"""Opening books and keys, looking at them, and proving them."""

import re
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.main import main
from api.http.api_keys import Keys
from api.server.settings import Settings
from domain.actor import Role
from domain.staff.commands import DeactivateStaff, RegisterStaff
from projections.engine.definition import fingerprint, physical_name
from projections.models.package_history import HISTORY
from projections.models.packages import CARDS
from projections.models.registry import READ_MODELS
from tests.api.cli.conftest import SAMPLE, Terminal, sqlite_terminal
from tests.api.cli.world import AT_THE_DESK, ledger_of
from tests.api.peppers import pepper_of
from tests.command_process import start
from tests.use_cases import order


def test_opening_prints_the_business_and_a_key_that_opens_it(terminal: Terminal) -> None:
    printed = terminal.run(
        "open", "Harbour Spa", "--currency", "EUR", "--time-zone", "Europe/Budapest"
    ).stdout

    business_id = re.search(r"biz_[0-9a-z]+", printed)
    key = re.search(r"carnet_live_\w+", printed)
    assert business_id
    assert key
    with ledger_of(terminal, business_id[0]) as (ledger, store):
        caller = Keys(store, pepper_of(Settings.read(terminal.environment))).caller(key[0])
        assert (caller.business_id, caller.role) == (business_id[0], Role.OWNER)
        assert ledger.recorder.head().position == 1


def test_opening_makes_an_embedded_database_that_is_new(tmp_path: Path) -> None:
    terminal = sqlite_terminal(tmp_path / "not" / "there yet")

    terminal.open_business()

    assert terminal.liability()["packages"] == 0


@pytest.mark.parametrize(
    ("currency", "zone", "told"),
    [
        ("EURO", "Europe/Budapest", "not an ISO 4217 currency"),
        ("EUR", "Europe/Budapes", "did you mean Europe/Budapest?"),
    ],
)
def test_an_unknown_currency_or_zone_opens_nothing(
    embedded: Terminal, currency: str, zone: str, told: str
) -> None:
    wrong = embedded.run("open", "X", "--currency", currency, "--time-zone", zone, status=2)

    assert told in wrong.stderr
    assert "there is no business yet" in embedded.run("report", "liability", status=1).stderr


def test_with_several_businesses_one_must_be_named(embedded: Terminal) -> None:
    first, second = embedded.open_business("First"), embedded.open_business("Second")

    refused = embedded.run("report", "liability", status=1).stderr

    assert all(told in refused for told in (first, second, "First", "Second", "--business"))
    assert embedded.load(SAMPLE, "--business", second)["refused"] == 0
    counts = [
        embedded.told("report", "liability", "--effective-as-of", "1998-06-30", "--business", id)["packages"]
        for id in (first, second)
    ]
    assert counts == [0, 171]
    assert "biz_nope" in embedded.run("report", "liability", "--business", "biz_nope", status=1).stderr


def test_keys_are_issued_listed_and_revoked(terminal: Terminal) -> None:
    terminal.open_business()

    text = terminal.run(
        "keys", "issue", "--role", "auditor", "--name", "[red] year end", "--days", "30"
    ).stdout

    owner, auditor = terminal.told("keys", "list")
    assert (owner["role"], auditor["role"], auditor["name"]) == ("owner", "auditor", "[red] year end")
    assert auditor["state"].startswith("until ")
    assert text.strip().startswith(f"carnet_live_{auditor['id'].removeprefix('key_')}_")
    assert text.strip() not in terminal.run("keys", "list").stdout
    terminal.run("keys", "revoke", auditor["id"])
    assert terminal.told("keys", "list")[1]["state"] == "revoked"
    terminal.run("keys", "revoke", auditor["id"], status=1)
    terminal.run("keys", "revoke", "key_nope", status=1)


def test_a_key_is_issued_to_an_active_member_of_staff_alone(terminal: Terminal) -> None:
    business_id = terminal.open_business()
    with ledger_of(terminal, business_id) as (ledger, _):
        members = [RegisterStaff(staff_id=id) for id in ("stf_zoe", "stf_left")]
        commands = [*members, DeactivateStaff(staff_id="stf_left")]
        ledger.execute([order(command, AT_THE_DESK) for command in commands])

    for nobody in ("stf_nobody", "stf_left"):
        told = terminal.run(
            "keys", "issue", "--role", "staff", "--name", "till", "--staff", nobody, status=1
        ).stderr
        assert "/staff_id is not an active member of staff of this business" in told
    terminal.run("keys", "issue", "--role", "staff", "--name", "till", "--staff", "stf_zoe")
    assert [key["actor_id"] for key in terminal.told("keys", "list")][1:] == ["stf_zoe"]


def a_used_package(terminal: Terminal) -> str:
    path = terminal.environment["CARNET_DATABASE"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    (id,) = connection.execute(
        "SELECT stream_id FROM readable_facts WHERE kind = 'package' GROUP BY stream_id ORDER BY count(*) DESC LIMIT 1"
    ).fetchone()
    connection.close()
    return str(id)


def test_a_history_can_be_asked_at_a_version_and_at_a_moment(loaded: Terminal) -> None:
    package_id = a_used_package(loaded)
    now = loaded.told("history", package_id)

    then = loaded.told("history", package_id, "--at-version", "2")

    assert then["version"] == 2
    assert [row["kind"] for row in then["history"]] == ["purchase", "payment"]
    assert (then["card"]["used"], then["card"]["remaining"]) == (0, then["card"]["granted"])
    assert then["history"] == now["history"][:2]
    assert now["card"]["used"] == -sum(row["change"] for row in now["history"] if row["kind"] == "use") > 0
    before = now["history"][0]["recorded_at"]
    assert "was none then" in loaded.run("history", package_id, "--as-of", before, status=1).stderr
    assert "1998" in loaded.run("history", package_id).stdout


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("--at-version", "1", "--as-of", "2020-01-01"), 2),
        (("--as-of", "2150-01-01"), 2),
        (("--as-of", "yesterday"), 2),
        (("--at-version", "0"), 2),
        (("--at-version", "999"), 1),
    ],
)
def test_a_history_that_cannot_be_is_refused(loaded: Terminal, options: tuple[str, ...], status: int) -> None:
    loaded.run("history", a_used_package(loaded), *options, status=status)


def test_a_day_out_of_range_is_told_the_range(loaded: Terminal) -> None:
    said = loaded.run("history", a_used_package(loaded), "--as-of", "9999-12-31", status=2).stderr
    assert "must lie between 1970-01-01 and 2200-12-31" in " ".join(said.split())


def test_status_tells_the_lag_and_what_it_cannot_read(loaded: Terminal) -> None:
    head = loaded.load()["position"]
    behind = {row["projection"]: row for row in loaded.told("status")}
    assert set(behind) == {projection.name for projection in READ_MODELS}
    assert behind["history"] | {"business_id": "", "table": ""} == {
        "business_id": "",
        "projection": "history",
        "table": "",
        "head": head,
        "checkpoint": 0,
        "lag": head,
        "stopped": None,
        "state": "waits",
    }
    loaded.run("rebuild", "history")
    caught_up = {row["projection"]: row["lag"] for row in loaded.told("status")}
    assert caught_up["history"] == 0

    _edit(loaded, "DROP TRIGGER facts_update", f"UPDATE facts SET shape = -1 WHERE position = {head - 3}")
    loaded.run("rebuild", "history", status=1)
    loaded.run("rebuild", "units")
    state = {row["projection"]: row["state"] for row in loaded.told("status", status=1)}

    assert state["units"] == "unreadable"
    assert state["history"] != "unreadable", "its table was made before"
    assert (
        f"cannot read the fact at position {head - 3}: unknown fact ''"
        in loaded.run("status", status=1).stderr
    )


def test_what_stopped_tries_again_when_it_is_told_to(loaded: Terminal) -> None:
    position = loaded.load()["position"] - 200
    loaded.run("rebuild", "cards")
    views = f"{_file(loaded)}-views"
    (name,) = {row["table"] for row in loaded.told("status") if row["projection"] == "cards"}
    by = fingerprint(CARDS)
    stop = f"position = {position - 1}, stopped_at = {position}, error = 'boom', stopped_by = '{by}'"
    _edit_file(
        views,
        f"UPDATE checkpoints SET {stop} WHERE physical = '{name}'",
        f"CREATE TABLE was AS SELECT * FROM {name}",
        f"DELETE FROM {name}",
    )
    assert "STOPPED" in loaded.run("status", status=1).stdout

    still = loaded.run("resume", status=1)
    _edit_file(views, f"INSERT INTO {name} SELECT * FROM was")
    mended = loaded.run("resume")

    assert re.search(r"stopped again at position \d+: AssertionError", still.stderr)
    assert "goes on from position" in mended.stdout
    assert not any(row["stopped"] for row in loaded.told("status"))
    assert "no read model has stopped" in loaded.run("resume").stdout


def _edit(terminal: Terminal, *statements: str) -> None:
    """Change the ledger file behind everybody's back."""
    _edit_file(_file(terminal), *statements)


def _file(terminal: Terminal) -> str:
    return terminal.environment["CARNET_DATABASE"].removeprefix("sqlite:///")


def _edit_file(file: str, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_rebuild_compares_and_names_what_differs(loaded: Terminal) -> None:
    loaded.run("verify", "--read-models")
    views = loaded.environment["CARNET_DATABASE"].removeprefix("sqlite:///") + "-views"
    connection = sqlite3.connect(views)
    connection.execute("UPDATE history_v4 SET change = 999 WHERE position = 200")
    connection.commit()
    connection.close()

    differed = loaded.run("rebuild", "history", "--verify", status=1).stdout

    assert "1 rows differed" in differed
    assert "999" in differed
    assert "0 rows differed" in loaded.run("rebuild", "history", "--verify").stdout
    assert "there is no read model 'nope', only cards" in loaded.run("rebuild", "nope", status=2).stderr


def test_several_read_models_are_made_anew_at_once_and_all_of_them_by_several_processes(
    loaded: Terminal,
) -> None:
    said = loaded.run("rebuild", "cards", "history", "cards", "--verify", "--keep-old").stdout
    assert [line.split()[0] for line in said.splitlines() if " is live" in line] == [
        physical_name(CARDS, shadow=True),
        physical_name(HISTORY, shadow=True),
    ]
    assert said.count("0 rows differed") == 2

    said = loaded.run("rebuild", "--all", "--workers", "2").stdout
    assert said.count(" is live") == len(READ_MODELS)
    loaded.run("verify", "--read-models")
    assert not any(row["lag"] or row["stopped"] for row in loaded.told("status"))


@pytest.mark.parametrize("words", [(), ("--all", "cards")])
def test_read_models_are_named_or_all_are_made(loaded: Terminal, words: tuple[str, ...]) -> None:
    assert "name the read models" in loaded.run("rebuild", *words, status=2).stderr


def test_verification_names_the_first_position_that_was_changed(loaded: Terminal) -> None:
    intact = loaded.run("verify").stdout
    assert re.search(r"intact, [\d,]+ facts, head [0-9a-f]{64}", intact)
    assert "0 rows differ" in loaded.run("verify", "--read-models").stdout

    # One byte, in two facts.
    changed = "substr(meta, 1, 20) || X'00' || substr(meta, 22)"
    _edit(
        loaded,
        "DROP TRIGGER facts_update",
        f"UPDATE facts SET meta = CAST({changed} AS BLOB) WHERE position IN (300, 400)",
    )

    assert "BROKEN at position 300: it does not have the hash" in loaded.run("verify", status=1).stdout


def test_every_command_has_a_manual() -> None:
    def manuals(group: Any, path: tuple[str, ...]) -> None:
        for name, command in group.commands.items():
            result = CliRunner().invoke(main, [*path, name, "--help"])
            assert result.exit_code == 0
            if hasattr(command, "commands"):
                manuals(command, (*path, name))
            else:
                assert "Exit status:" in result.output, f"{name} says nothing of its exit statuses"

    manuals(main, ())


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    terminal = Terminal({"CARNET_DATABASE": "mysql://x"})

    assert "CARNET_DATABASE must begin with" in terminal.run("status", status=2).stderr


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert "carnet migrate" in sqlite_terminal(tmp_path).run("status", status=1).stderr


def test_a_worker_keeps_the_read_models_fresh_until_it_is_told_to_stop(
    terminal: Terminal, tmp_path: Path
) -> None:
    business_id = terminal.open_business()
    terminal.load()
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = start("work", environment=terminal.environment, stdout=output, stderr=output)
    try:
        with ledger_of(terminal, business_id) as (_, store):
            while any(row["lag"] for row in terminal.told("status")):
                assert worker.poll() is None, log.read_text()
                store.wait_for_news(0.2)
    finally:
        worker.send_signal(signal.SIGTERM)
        status = worker.wait()
    assert status == 0, log.read_text()


def test_serve_takes_its_address_from_the_command_line(embedded: Terminal) -> None:
    embedded.run("serve", "--port", "99999", status=2)


def test_the_list_of_keys_says_which_open_nothing(terminal: Terminal) -> None:
    pepper, new = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    old = Terminal({**terminal.environment, "CARNET_PEPPER": pepper})
    wrong = Terminal({**terminal.environment, "CARNET_PEPPER": new})
    rotated = Terminal({**wrong.environment, "CARNET_PEPPER_PREVIOUS": pepper})
    old.open_business()

    told = wrong.run("keys", "list", status=1)
    assert "made under another pepper" in told.stdout
    assert "CARNET_PEPPER is not the pepper" in told.stderr
    assert "not the pepper" in wrong.run("keys", "issue", "--role", "staff", "--name", "x", status=1).stderr

    rotated.run("keys", "issue", "--role", "staff", "--name", "desk")
    assert [key["state"] for key in rotated.told("keys", "list")] == ["valid", "valid"]
    assert [key["state"] for key in wrong.told("keys", "list")] == ["made under another pepper", "valid"]


def test_status_tells_the_room_of_each_table(loaded: Terminal) -> None:
    told = loaded.told("status", "--space")
    rows = {each["table"]: each["rows"] for each in told["tables"]}
    assert rows["facts"] > rows["streams"] > 0
    assert told["bytes_of_a_fact"] > 100
    shown = loaded.run("status", "--space").output
    assert "bytes a fact" in shown
    loaded.run("status", "--space", "--business", "biz_1", status=2)
