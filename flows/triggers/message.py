"""The trigger `message`: somebody wrote or said something."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from msgspec import Meta

from flows.forgiving import forgiving
from flows.messages import CHANNEL, EVERY
from flows.sentences import Sentence, SentenceError
from pipelines.ports import Slots
from pipelines.registry import trigger
from pipelines.scope import Constant, Expr, Scope
from pipelines.step import StepFailed
from pipelines.tools import Tools
from pipelines.trigger import Arm, Fire, OnName, Trigger, Watch
from schemas.event import Event
from schemas.fields import Expression


@trigger
class Message(Trigger, frozen=True):
    """Fire when somebody writes or says something.

    `trigger.text`, `trigger.channel`, `trigger.user`, `trigger.session`, `trigger.intent`,
    `trigger.slots`, `trigger.confidence`, `trigger.language` and `trigger.ts` tell of it. In `text`
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
        given = _listed(self.text)
        texts = [
            tools.expression(text, "text" if isinstance(self.text, str) else f"text/{index}")
            for index, text in enumerate(given)
        ]
        for index, text in enumerate(texts):
            if isinstance(text, Constant):
                _check(text.value, tools, "text" if isinstance(self.text, str) else f"text/{index}")
        intents, channels = _listed(self.intent), _listed(self.channel)

        def arm(fire: Fire, slots: Slots, scope: Scope) -> list[Watch]:
            sentences = [sentence for text in texts for sentence in _sentences(text, scope)]
            captures = _captures(sentences) if texts else lambda said: {}

            def see(event: Event) -> None:
                if channels and event.source not in channels:
                    return
                if intents and event.payload["intent"] not in intents:
                    return
                if (found := captures(event.payload["text"])) is not None:
                    fire(_told(event, found), event)

            return [OnName(CHANNEL, EVERY, forgiving(see, None))]

        return arm


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


def _captures(sentences: Sequence[Sentence]) -> Callable[[str], dict[str, str] | None]:
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
