"""How people of a language type and are heard: the data of the noise."""

from functools import cache
from pathlib import Path

from msgspec import Struct

from edge_agent.intents.files import read_file

FOLDER = Path(__file__).parent


class Habits(Struct, frozen=True, forbid_unknown_fields=True):
    """The habits of a language.

    `fillers` are said between words, `heard` are words that a microphone mistakes for others,
    `spelled` are letters that some write in another way, `ends` close a sentence, `keys` are the
    rows of the keyboard; `spaced` is false where words are not divided by spaces.
    """

    fillers: list[str]
    ends: list[str]
    heard: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    keys: list[str] = []
    spaced: bool = True


@cache
def habits(language: str) -> Habits:
    """The habits of a language, from its file.

    Raises:
        ValueError: the file is wrong; the text says where.
    """
    return read_file(FOLDER / f"{language}.yaml", Habits)
