"""What the API answers as a front desk sees it, in a terminal: cards, badges, stamps and histories."""

from rich.console import Group
from rich.padding import Padding
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from api.cli.demo_desk import Json
from domain.currency import major

BADGES = {
    "active": "green",
    "fully_used": "blue",
    "expired": "yellow",
    "cancelled": "red",
    "paid": "green",
    "partial": "yellow",
    "unpaid": "red",
}
STAMPS = {
    "available": ("○", "magenta"),
    "used": ("●", "green"),
    "corrected": ("×", "yellow"),
    "lapsed": ("–", "dim"),
}


def badge(word: str) -> Text:
    return Text(f" {word.replace('_', ' ').upper()} ", style=f"reverse {BADGES[word]}")


def card(shown: Json, units: list[Json]) -> Panel:
    """A package as its card: badges, price, progress and one stamp per unit."""
    title = Text(f"{shown['name']}  #{shown['purchase_number']} ")
    head = Text.assemble(badge(shown["status"]), " ", badge(shown["payment_status"]), "  ", _price(shown))
    expiry = f"valid until {shown['expires_on']}" if shown["expires_on"] else "never expires"
    dates = Text(f"bought {shown['purchased_on']}, {expiry}", style="dim")
    lines = [_line(line, [unit for unit in units if unit["line"] == line["line"]]) for line in shown["lines"]]
    return Panel(Group(head, dates, *lines), title=title, title_align="left", width=66)


def _price(shown: Json) -> Text:
    price = Text(money(shown["price"]), style="bold")
    if shown["list_price"] != shown["price"]:
        price.append(f"  ({money(shown['list_price'])})", style="strike dim")
    return price


def _line(line: Json, units: list[Json]) -> Group:
    counted = f"{line['label']}: {line['used']}/{line['total']} used, {line['remaining']} remaining"
    stamps = Text()
    for unit in units:
        mark, style = STAMPS[unit["state"]]
        who = unit["participant"]["name"][0] if unit["participant"] and unit["participant"]["name"] else mark
        stamps.append((who if unit["state"] == "used" else mark) + " ", style=style)
    # A bar does not end its line; padding, even of 0, does.
    bar = Padding(ProgressBar(total=1, completed=line["progress"], width=40), 0)
    return Group(Text(counted), bar, stamps)


def money(shown: Json) -> str:
    return f"{major(shown['amount'], shown['currency']):,f} {shown['currency']}"


def history(rows: list[Json]) -> Table:
    table = Table(box=None, header_style="dim")
    for column in ("version", "date", "what", "change", "left", "by"):
        table.add_column(column)
    for row in rows:
        change = f"{row['change']:+d}" if row["change"] else ""
        left = "" if row["remaining"] is None else str(row["remaining"])
        by = (row["staff"] or {}).get("name") or "the desk"
        who = (row["participant"] or {}).get("name") or ""
        what = f"{row['label']} {who}".strip() if row["kind"] == "use" else row["label"]
        table.add_row(f"v{row['version']}", row["date"], what, change, left, by)
    return table
