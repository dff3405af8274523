"""A receipt as a PDF on A4: the same texts as the page, set by Typst (the extra `pdf`).

The same receipt makes the same bytes on the same machine. Scripts that the fonts inside the wheel lack, such as
Japanese, are set with the fonts of the machine.
"""

import json
from dataclasses import asdict
from importlib.util import find_spec

from api.resources.receipts.form import Form

MEDIA_TYPE = "application/pdf"
TEMPLATE = b"""
#let form = json(bytes(sys.inputs.form))
#let direction = if form.direction == "rtl" { rtl } else { ltr }
#set document(title: form.title, date: none)
#set page("a4", margin: 20mm)
#set text(size: 10.5pt, lang: form.language, dir: direction, font: ("DejaVu Sans",))
#let grid-of(columns, heads, rows) = if rows.len() > 0 {
  v(4mm)
  table(
    columns: columns,
    stroke: (x: none, top: none, bottom: 0.5pt + luma(200)),
    align: (at, _) => if at == columns.len() - 1 { end } else { start },
    ..heads.map(each => strong(each)),
    ..rows.flatten(),
  )
}
#for line in form.seller { if line != "" [#line #linebreak()] }
#v(4mm)
#text(size: 16pt, weight: "bold", form.title)
#if form.notice != "" { block(stroke: 1pt, inset: 3mm, strong(form.notice)) }
#grid(columns: (auto, 1fr), column-gutter: 8mm, row-gutter: 2mm, ..form.facts.flatten())
#grid-of((1fr, auto, auto, auto), form.item_heads, form.items)
#grid-of((1fr, auto), (), form.sums)
#grid-of((1fr, auto, auto, auto), form.tax_heads, form.taxes)
#grid-of((1fr, auto, auto), (), form.movements)
#grid-of((1fr, auto), (), form.balance)
"""


def is_installed() -> bool:
    return find_spec("typst") is not None


def pdf_of(form: Form) -> bytes:
    """Raises ImportError without the extra `pdf`."""
    import typst

    return bytes(typst.compile(TEMPLATE, format="pdf", sys_inputs={"form": json.dumps(asdict(form))}))
