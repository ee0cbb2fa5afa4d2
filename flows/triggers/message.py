"""The trigger `message`: somebody wrote or said something."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta

from flows.forgiving import forgiving
from flows.messages import CHANNEL, UNDERSTANDING
from flows.router import ANY
from flows.sentences import Sentence, SentenceError
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Constant, Expr, Scope
from pipelines.step import StepFailed
from pipelines.tools import Tools
from pipelines.trigger import Arm, Doubt, Doubts, Fire, OnName, Trigger, Watch
from schemas.event import Event
from schemas.fields import Expression


@trigger
class Message(Trigger, frozen=True):
    """Fire when somebody writes or says something.

    `trigger.text`, `trigger.channel`, `trigger.user`, `trigger.session`, `trigger.intent`,
    `trigger.slots`, `trigger.confidence`, `trigger.language` and `trigger.ts` tell of it. Where a
    pipeline asks for an `intent`, the model in the box, `intent`, understands what came without
    one; devices and areas in its slots have the names they have in the home. In `text`
    letter case, spaces and punctuation do not count; `{name}` stands for one word or more and is
    `trigger.slots.name` then, `[word]` may be left out, `(this|that)` is either.
    """

    text: Annotated[
        Expression | list[Expression] | None, Meta(description="What was said; one or several.")
    ] = None
    intent: Annotated[
        str | list[str] | None, Meta(description="What was understood: an intent, or several.")
    ] = None
    channel: Annotated[
        str | list[str] | None, Meta(description="Where it came in: `http`, `telegram`, …")
    ] = None

    def compile(self, tools: Tools) -> Arm:
        """Read the sentences; those with expressions in them when the trigger becomes live."""
        sentences_of, intents = self._sentences(tools), _listed(self.intent)
        names = _listed(self.channel) or [ANY]

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            captures = _captures(sentences_of(scope))

            def see(event: Event) -> None:
                if intents and event.payload["intent"] not in intents:
                    return
                if (found := captures(event.payload["text"])) is not None:
                    fire(_told(event, found), event)

            wishes = [OnName(UNDERSTANDING, ANY, lambda event: None)] if intents else []
            return [*(OnName(CHANNEL, name, forgiving(see, None)) for name in names), *wishes]

        return arm

    def doubts(self, tools: Tools) -> Doubts:
        """Another intent, or other words."""
        sentences_of, intents = self._sentences(tools), _listed(self.intent)

        def doubt(event: Event, scope: Scope) -> Doubt | None:
            said = event.payload
            if intents and said["intent"] not in intents:
                text = f"`{said['intent']}` was understood, not {' or '.join(intents)}"
                return Doubt("intent", text, {"intent": said["intent"]})
            if _captures(sentences_of(scope))(said["text"]) is None:
                return Doubt("text", f"{said['text']!r} was said", {"text": said["text"]})
            return None

        return doubt

    def _sentences(self, tools: Tools) -> Callable[[Scope], Sequence[Sentence] | None]:
        """What gives the sentences listened for; None where any text will do."""
        texts = []
        for index, text in enumerate(_listed(self.text)):
            at = "text" if isinstance(self.text, str) else f"text/{index}"
            texts.append(tools.expression(text, at))
            if isinstance(texts[-1], Constant):
                _check(text, tools, at)
        if not texts:
            return lambda scope: None
        return lambda scope: [each for text in texts for each in _sentences(text, scope)]


def _listed(value: str | list[str] | None) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or []


def _check(text: str, tools: Tools, at: str) -> None:
    try:
        Sentence(text)
    except SentenceError as error:
        hint = "`{name}` takes words, `[…]` may be left out, `(a|b)` is either"
        tools.problem(f"`text`: {error}", at, hint)


def _sentences(text: Expr, scope: Scope) -> Sequence[Sentence]:
    """The sentences of a text; none when its expression has no value or makes no sentence."""

    def read(scope: Scope) -> Sequence[Sentence]:
        try:
            return [Sentence(str(text(scope)))]
        except SentenceError as error:
            raise StepFailed(f"`text`: {error}") from None

    nothing: Sequence[Sentence] = ()
    return forgiving(read, nothing)(scope)


def _captures(sentences: Sequence[Sentence] | None) -> Callable[[str], dict[str, str] | None]:
    """What takes the captures out of a text; None where it is none of the sentences."""
    if sentences is None:
        return lambda said: {}

    def captures(said: str) -> dict[str, str] | None:
        matches = (sentence.match(said) for sentence in sentences)
        return next((found for found in matches if found is not None), None)

    return captures


def _told(event: Event, found: dict[str, str]) -> dict[str, Any]:
    """What the trigger tells; captures stand among the slots of the intent."""
    told: dict[str, Any] = event.payload
    return {
        **told,
        "channel": event.source,
        "session": event.session,
        "slots": {**told["slots"], **found},
        "ts": event.ts,
    }
