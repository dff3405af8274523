"""The pepper of settings, for tests that look at keys beside the database."""

from api.server.pepper_file import make_pepper, read_pepper
from api.server.settings import Settings


def pepper_of(settings: Settings) -> bytes:
    """That of the settings or of its file, made on first use. Raises WrongSetting."""
    return read_pepper(settings) or make_pepper(settings)
