"""The house: what a business sells and performs, who works where, its terms, its keys, and moving in.

PAGES: all of its pages
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
