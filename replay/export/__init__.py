"""Exports: the books as flat tables, written piece by piece from one snapshot.

Offers a table a file (`customers`, `packages`, `history`, `bookings`, `points`) and a file a form (`csv_form`,
`json_lines`, `parquet`).

Touch it to add a column: name it last, and say what it holds and in which unit.

Never read rows outside of the snapshot, and never hold more than a page of them.
"""
