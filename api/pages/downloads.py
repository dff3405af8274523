"""The rows of a page as a file: `?as=json` as the API answered them, `?as=csv` for a spreadsheet.

Some spreadsheets read a CSV file as UTF-8 only where it begins with the mark of it.
"""

import json
from codecs import BOM_UTF8
from typing import Any

from litestar import Response

from api.http.csv_rows import csv_of

PARAMETER = "as"
FORMS = ("json", "csv")


def as_file(body: Any, form: str, name: str) -> Response[bytes]:
    """`body`: an answer with its rows in `data`. `name`: of the file, without its ending."""
    if form == "json":
        content, media_type = json.dumps(body, ensure_ascii=False, indent=2).encode(), "application/json"
    else:
        content, media_type = BOM_UTF8 + csv_of(body["data"]), "text/csv; charset=utf-8"
    headers = {"content-disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=media_type, headers=headers)
