"""What is given out of hand: the receipt of a package, as a page to print or a PDF, and photos."""

from api.pages.page import page
from api.pages.view import Document, View


@page("/desk/packages/{package_id}/receipt")
async def receipt(view: View) -> Document:
    """The receipt to print on A4, or with `?media=pdf` as a file."""
    media = "pdf" if view.one("media") == "pdf" else "html"
    return await view.document("packages.receipt", view.path, {"media": media})


@page("/desk/photos/{photo_id}")
async def photo(view: View) -> Document:
    """The photo of a person, an animal or a member of staff."""
    return await view.document("photos.show", view.path)


PAGES = (receipt, photo)
