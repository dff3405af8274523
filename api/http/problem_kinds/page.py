"""What a problem means, for programs and for people, from the same row of the table."""

from collections.abc import Iterator
from functools import lru_cache

from pydantic_core import to_json

from api.http.fixed_document import FixedDocument
from api.http.html import VARIES, heading, json_block, link, page, paragraph, table, text
from api.http.problem_kinds.example import example_of, told_of
from api.http.problem_kinds.kind import Kind
from api.http.problem_kinds.table import KINDS


@lru_cache(maxsize=len(KINDS) * 2 + 2)
def problem_document(code: str, html: bool) -> FixedDocument:
    """The page of a code, or the same as JSON. Raises KeyError for a code that there is not."""
    kind = KINDS[code]
    if not html:
        return FixedDocument(to_json(told_of(code, kind)), headers=VARIES)
    return page(
        f"{kind.title} · {code}",
        heading(kind.title),
        f'<p class="soft"><code>{code}</code> · HTTP {kind.status}</p>',
        heading("Why it happens", 2),
        paragraph(kind.cause),
        heading("What to do", 2),
        paragraph(kind.remedy),
        *_rules_of(kind),
        heading("An example", 2),
        json_block(example_of(code)),
    )


def _rules_of(kind: Kind) -> Iterator[str]:
    if kind.rules is not None:
        yield heading("The rules", 2)
        rows = [(f"<code>{rule}</code>", text(words)) for rule, words in kind.rules.items()]
        yield table(("rule", "what is said of it"), rows)


@lru_cache(maxsize=2)
def problems_document(html: bool) -> FixedDocument:
    """All kinds of problem."""
    if not html:
        data = [told_of(code, kind) for code, kind in KINDS.items()]
        return FixedDocument(to_json({"data": data}), headers=VARIES)
    rows = [
        (str(kind.status), link(f"/problems/{code}", code), text(kind.title)) for code, kind in KINDS.items()
    ]
    return page(
        "Problems",
        heading("Problems"),
        paragraph(
            "Every refusal and fault is `application/problem+json` (RFC 9457) with one of these codes."
        ),
        table(("status", "code", "what it means"), rows),
    )
