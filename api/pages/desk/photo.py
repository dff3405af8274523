"""Photos of a customer and of participants: taking one in, and taking it away."""

from collections.abc import Mapping

from api.pages.asking import Answer
from api.pages.desk.customer_details import answered
from api.pages.page import form
from api.pages.view import Redirect, Screen, View


@form("/desk/customers/{customer_id}/photo")
async def photo(view: View) -> Screen | Redirect:
    """The photo of the customer in person."""
    return await _changed(view, "customers.change", view.path)


@form("/desk/customers/{customer_id}/participants/{participant_id}/photo")
async def photo_of_participant(view: View) -> Screen | Redirect:
    return await _changed(view, "participants.change", view.path)


async def _changed(view: View, operation: str, path: Mapping[str, str]) -> Screen | Redirect:
    """Take in the file, then name it; without a file the photo is taken away."""
    name = f"{view.path.get('participant_id', 'customer')}-photo"
    photo_id: str | None = None
    if "photo" in view.files:
        taken_in: Answer = await view.upload("photos.upload", view.files["photo"])
        if not taken_in.is_good:
            return await answered(view, name, taken_in)
        photo_id = taken_in.body["id"]
    elif view.fields.get("away") != "yes":
        return await answered(view, name, Answer(400, {"code": "no-file"}, None))
    return await answered(view, name, await view.give(operation, path, {"photo": photo_id}))


PAGES = (photo, photo_of_participant)
