"""A language's grammar: its YAML files compiled into sentences that can be said."""

from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from random import Random

from msgspec import Struct

from edge_agent.intents.files import read_file
from edge_agent.intents.grammar.draft import Draft
from edge_agent.intents.grammar.template import Say, alternatives, choice
from edge_agent.intents.labels import INTENTS, Example

FOLDER = Path(__file__).parent
PHRASE = "phrase"
"""The rule by which a shape says the phrase it is given."""
ANY = "any "
"""Begins the rules that say any phrase of a shape."""
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
        self._rules = _rules(files)
        self._shapes = {
            name: alternatives(text, self._rules)
            for each in files
            for name, text in each.shapes.items()
        }
        self._sentences = {intent: self._sentences_of(intent, files) for intent in INTENTS}
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

    def _sentences_of(self, intent: str, files: Sequence[GrammarFile]) -> list[Say]:
        sentences: list[Say] = []
        for shape, lines in _by_shape(files, intent).items():
            phrases = [each for text in lines for each in alternatives(text, self._rules)]
            if intent != "none":
                self._rules[ANY + shape].append(choice(phrases))
            sentences += phrases if shape == PLAIN else _shaped(self._shapes[shape], phrases)
        return sentences


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language, read once.

    Raises:
        ValueError: one of its files is wrong; the text says where.
    """
    paths = sorted((FOLDER / language).glob("*.yaml"))
    return Grammar(language, [read_file(path, GrammarFile) for path in paths])


def _rules(files: Sequence[GrammarFile]) -> dict[str, list[Say]]:
    """Every rule with what it may say; what `any SHAPE` says is added by the phrases."""
    texts: dict[str, str] = {}
    for name, text in ((name, text) for each in files for name, text in each.rules.items()):
        if name in texts:
            raise ValueError(f"the rule `{name}` stands in two files")
        texts[name] = text
    shapes = {shape for each in files for by_shape in each.say.values() for shape in by_shape}
    rules: dict[str, list[Say]] = {name: [] for name in [*texts, *(ANY + each for each in shapes)]}
    rules[PHRASE] = [_phrase]
    for name, text in texts.items():
        rules[name] += alternatives(text, rules)
    return rules


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
