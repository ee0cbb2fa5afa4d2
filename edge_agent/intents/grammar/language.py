"""A language's grammar: its YAML files compiled into sentences that can be said."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from random import Random

from msgspec import Struct

from edge_agent.intents.grammar.draft import Draft
from edge_agent.intents.grammar.template import Say, alternatives, choice
from edge_agent.intents.labels import INTENTS, Example
from pipelines.decode import decode
from pipelines.source import Reader
from schemas.problem import Position

FOLDER = Path(__file__).parent
PHRASE = "phrase"
"""The rule by which a shape says the phrase it is given."""
PLAIN = "plain"
"""The shape that adds nothing."""


class GrammarFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a grammar; the files of a language are taken together.

    `rules` say parts of sentences, `shapes` make a sentence of a phrase (`{phrase}`), `say` holds
    the phrases by intent and shape, `weights` how often an intent is said (1 by default).
    """

    rules: dict[str, str] = {}
    shapes: dict[str, str] = {}
    say: dict[str, dict[str, str]] = {}
    weights: dict[str, int] = {}


class Grammar:
    """What may be said in a language, by intent.

    Raises:
        ValueError: a template is wrong; the text quotes it.
    """

    def __init__(self, language: str, files: Sequence[GrammarFile]) -> None:
        self.language = language
        said = {intent: _by_shape(files, intent) for intent in INTENTS}
        rules = _names(files)
        rules[PHRASE] = [_phrase]
        rules |= {f"any {shape}": [] for by_shape in said.values() for shape in by_shape}
        for name, text in ((name, text) for each in files for name, text in each.rules.items()):
            rules[name] += alternatives(text, rules)
        shapes = {n: alternatives(text, rules) for each in files for n, text in each.shapes.items()}
        self._sentences: dict[str, list[Say]] = {}
        for intent, by_shape in said.items():
            sentences = self._sentences[intent] = []
            for shape, lines in by_shape.items():
                phrases = [each for text in lines for each in alternatives(text, rules)]
                if intent != "none":
                    rules[f"any {shape}"].append(choice(phrases))
                sentences += phrases if shape == PLAIN else _shaped(shapes[shape], phrases)
        weights = {intent: weight for each in files for intent, weight in each.weights.items()}
        self._intents = [
            intent for intent, sentences in self._sentences.items() if sentences
            for _ in range(weights.get(intent, 1))
        ]  # fmt: skip

    def example(self, random: Random, intent: str = "") -> Example:
        """One sentence with its labels, of an intent where one is wanted."""
        intent = intent or random.choice(self._intents)
        draft = Draft(random)
        random.choice(self._sentences[intent])(draft)
        return draft.example(self.language, intent)


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language, read once.

    Raises:
        ValueError: one of its files is wrong; the text says where.
    """
    return Grammar(language, [_file(path) for path in sorted((FOLDER / language).glob("*.yaml"))])


def _file(path: Path) -> GrammarFile:
    reader = Reader(path.parent)
    tree = reader.load(path)
    found, problems = decode(tree, GrammarFile, Position(path.name, 1, 1), "grammar")
    if found is None or reader.problems or problems:
        wrong = (f"{each.at}: {each.text}" for each in [*reader.problems, *problems])
        raise ValueError("; ".join(wrong))
    return found


def _names(files: Sequence[GrammarFile]) -> dict[str, list[Say]]:
    """Every rule by its name, still empty."""
    names: dict[str, list[Say]] = {}
    for name in (name for each in files for name in each.rules):
        if name in names:
            raise ValueError(f"the rule `{name}` stands in two files")
        names[name] = []
    return names


def _by_shape(files: Sequence[GrammarFile], intent: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for shape, text in (item for each in files for item in each.say.get(intent, {}).items()):
        found.setdefault(shape, []).append(text)
    return found


def _shaped(shapes: Sequence[Say], phrases: Iterable[Say]) -> list[Say]:
    """The sentences that phrases make in a shape; each phrase stays one sentence."""
    return [_in_shape(choice(shapes), phrase) for phrase in phrases]


def _in_shape(shape: Say, phrase: Say) -> Say:
    def say(draft: Draft) -> None:
        draft.phrase = phrase
        shape(draft)

    return say


def _phrase(draft: Draft) -> None:
    """Says the phrase that the shape was given."""
    if draft.phrase:
        draft.phrase(draft)
