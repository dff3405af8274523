"""A receipt as a page to print on A4. It loads nothing and runs no script; its policy allows its own style alone."""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from api.http.responses import Header
from api.resources.receipts.form import Form

MEDIA_TYPE = "text/html"
STYLE = """
@page{size:A4;margin:20mm}
*{box-sizing:border-box}
body{margin:0 auto;max-width:44rem;padding:1.5rem 1rem;color:#1c1b1a;background:#fff;font:1rem/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:1.5rem 0 .5rem}
header p,dl{margin:0}
header p{white-space:pre-line}
header p:first-child{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.125rem 1.5rem}
dt{color:#5f5b57}
dd{margin:0}
h1,header,dd,td:first-child{overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;margin-top:1.5rem}
tr,.notice,dl{break-inside:avoid}
h1,thead{break-after:avoid}
th,td{padding:.375rem 0;padding-inline-end:1rem;border-bottom:1px solid #d9d4ce;text-align:start;vertical-align:top}
td:not(:first-child){white-space:nowrap}
th:last-child,td:last-child{padding-inline-end:0;text-align:end}
th{color:#5f5b57;font-weight:600}
@media(max-width:30rem){
th,td{padding-inline-end:.5rem}
th:first-child,td:first-child{overflow-wrap:anywhere}
dl{column-gap:1rem}
table{font-size:.8125rem}
}
.notice{border:2px solid;padding:.5rem .75rem;font-weight:600}
@media print{body{padding:0;max-width:none;font-size:11pt}}
""".strip()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS: tuple[Header, ...] = ((b"content-security-policy", POLICY.encode()),)


def page_of(form: Form) -> bytes:
    seller = "".join(f"<p>{_text(line)}</p>" for line in form.seller if line)
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in form.facts)
    notice = f'<p class="notice">{_text(form.notice)}</p>' if form.notice else ""
    text = (
        f'<!doctype html><html lang="{form.language}" dir="{form.direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(form.title)}</title><style>{STYLE}</style></head><body>"
        f"<header>{seller}</header><main><h1>{_text(form.title)}</h1>{notice}<dl>{facts}</dl>"
        f"{_table(form.item_heads, form.items)}{_table((), form.sums)}{_table(form.tax_heads, form.taxes)}"
        f"{_table((), form.movements)}{_table((), form.balance)}</main></body></html>"
    )
    return text.encode()


def _text(told: str) -> str:
    """Escaped, and with its own direction, so that a Latin name stands right in an Arabic line."""
    return f"<bdi>{escape(told)}</bdi>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f'<th scope="col">{_text(name)}</th>' for name in heads)
    return (
        f"<table>{f'<thead><tr>{head}</tr></thead>' if head else ''}<tbody>{body}</tbody></table>"
        if body
        else ""
    )
