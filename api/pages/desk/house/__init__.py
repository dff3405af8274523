"""The house: what a business sells and performs, who works where, its terms, its keys, and moving in.

`PAGES` are all of its pages. A thing of the catalogue has its form in `catalogue`, and what that says in `bodies`.

Never leave a term of an offer or a plan out of its form: a revision has only the terms that it is sent.
"""

from api.pages.desk.house import catalogue, home, imports, keys, locations, staff, terms

PAGES = (
    *home.PAGES,
    *catalogue.PAGES,
    *staff.PAGES,
    *locations.PAGES,
    *terms.PAGES,
    *keys.PAGES,
    *imports.PAGES,
)

__all__ = ["PAGES"]
