"""Pages for people: plain HTML that loads nothing, runs no script, and fits any screen.

    PAGE = page("Problems", heading("Problems"), paragraph("Every refusal …"))

Texts are escaped here; `code` in backticks becomes `<code>`. The style stands in the page, and the policy allows
exactly that style.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from pydantic_core import to_json

from api.http.accept import quality
from api.http.fixed_document import FixedDocument
from api.http.responses import Header

MEDIA_TYPE = "text/html"
STYLE = """
:root{color-scheme:light dark;--ink:#1c1b1a;--soft:#5f5b57;--line:#d9d4ce;--page:#fdfcfa;--box:#f3f0ec;--link:#0b5c7a}
@media(prefers-color-scheme:dark){
:root{--ink:#eceae7;--soft:#aaa49d;--line:#3d3a37;--page:#191817;--box:#242220;--link:#7cc4e0}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--ink);
font:1rem/1.55 system-ui,sans-serif}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding-bottom:.75rem;border-bottom:1px solid var(--line)}
a{color:var(--link)}
h1{font-size:1.75rem;line-height:1.2;margin:1.5rem 0 .5rem}
h2{font-size:1.25rem;margin:2rem 0 .5rem}
h3{font-size:1rem;margin:1.25rem 0 .25rem}
code,pre{font:.875rem/1.5 ui-monospace,monospace;overflow-wrap:anywhere}
pre{padding:.75rem 1rem;background:var(--box);border-radius:.375rem;white-space:pre-wrap}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.375rem .75rem .375rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
details{border-bottom:1px solid var(--line);padding:.5rem 0}
summary{cursor:pointer}
.soft{color:var(--soft)}
""".strip()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
VARIES: tuple[Header, ...] = ((b"vary", b"accept"),)
"""Of an address that answers with JSON or with a page."""
LINKS = (("/", "Carnet"), ("/docs", "API"), ("/problems", "Problems"), ("/schema", "OpenAPI"))


def page(title: str, *parts: str) -> FixedDocument:
    """A whole page."""
    links = "".join(f'<a href="{address}">{name}</a>' for address, name in LINKS)
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><nav>{links}</nav><main>{''.join(parts)}</main></body></html>"
    )
    headers = ((b"content-security-policy", POLICY.encode()), *VARIES)
    return FixedDocument(text.encode(), f"{MEDIA_TYPE}; charset=utf-8", headers)


def prefers_html(accept: str | None) -> bool:
    """Whether a caller who accepts this would rather have a page than JSON. Programs that accept all get JSON."""
    likes = dict(map(quality, (accept or "").lower().split(",")))
    html = max(likes.get(MEDIA_TYPE, 0.0), likes.get("text/*", 0.0))
    json = max(likes.get("application/json", 0.0), likes.get("application/*", 0.0))
    return html > json


# Parts of a page


def text(told: str) -> str:
    """Escaped text, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(told))


def heading(told: str, level: int = 1, id: str | None = None) -> str:
    place = f' id="{escape(id)}"' if id else ""
    return f"<h{level}{place}>{text(told)}</h{level}>"


def paragraph(told: str) -> str:
    return f"<p>{text(told)}</p>"


def link(address: str, told: str) -> str:
    return f'<a href="{escape(address)}">{text(told)}</a>'


def listed(items: Iterable[str]) -> str:
    """A list of parts that are HTML already."""
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    head = "".join(f'<th scope="col">{text(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def json_block(value: Any) -> str:
    return f"<pre>{escape(to_json(value, indent=2).decode())}</pre>"


def folded(summary: str, *parts: str, id: str | None = None) -> str:
    """A part that opens on a click; `summary` is HTML already."""
    place = f' id="{escape(id)}"' if id else ""
    return f"<details{place}><summary>{summary}</summary>{''.join(parts)}</details>"
