"""One chat request on a decoder: its prompt, its constraints, and its text as it grows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType, structs

from edge_agent.models.runtime.batching import Request
from edge_agent.models.runtime.conversation import Conversation
from edge_agent.models.runtime.folder import Array, BrokenFolder, vocabulary
from edge_agent.models.runtime.grammar import Grammars, Matcher
from edge_agent.models.runtime.plain_text import encoded
from edge_agent.models.runtime.sampling import Sampler, Sampling
from edge_agent.models.runtime.text import Growing, Tokens
from schemas.model import Priority

Tell = Callable[[dict[str, Any]], None]
_TOKENS = 512
# With so few tokens left, or a quarter of them, JSON is brought to its end instead of being cut.
_HURRY = 32


class Options(Struct, frozen=True, kw_only=True):
    """What a request may say; OpenAI's names. `deadline` is seconds from its arrival."""

    max_tokens: int = _TOKENS
    temperature: float | UnsetType = UNSET
    top_p: float | UnsetType = UNSET
    frequency_penalty: float | UnsetType = UNSET
    presence_penalty: float | UnsetType = UNSET
    repetition_penalty: float = 1.0
    seed: int | None = None
    logit_bias: dict[str, float] = {}
    stop: list[str] = []
    schema: dict[str, Any] | None = None
    json: bool = False
    functions: str = ""
    deadline: float | None = None
    priority: Priority = "normal"
    confidence: bool = False


_USUAL = ("temperature", "top_p", "frequency_penalty", "presence_penalty")


class Defaults(Struct, frozen=True):
    """What `mlc-chat-config.json` says of answers; null as if it said nothing.

    These are what mlc_llm's server takes from it (`GenerationConfig::GetDefaultFromModelConfig`):
    a `repetition_penalty` stands there too, and counts for nobody.
    """

    temperature: float | None = None
    top_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    eos_token_id: int | list[int] | None = None

    @property
    def ends(self) -> list[int]:
        """The tokens that end an answer."""
        said = self.eos_token_id
        return said if isinstance(said, list) else [] if said is None else [said]

    @property
    def sampling(self) -> Sampling:
        """How tokens are chosen where a request does not say."""
        told = {name: value for name in _USUAL if (value := getattr(self, name)) is not None}
        return Sampling(**{"temperature": 1.0, **told})


def _defaults(config: dict[str, Any]) -> Defaults:
    try:
        return msgspec.convert(config, Defaults)
    except msgspec.ValidationError as error:
        raise BrokenFolder(f"mlc-chat-config.json: {error}") from None


class Voice:
    """What all answers of one model share: its tokens, template, defaults and grammars.

    `longest` is how many tokens a prompt has at most.
    """

    def __init__(
        self, config: dict[str, Any], tokens: Tokens, template: Conversation, *, longest: int
    ) -> None:
        self.tokens = tokens
        self.template = template
        self._most_characters = longest * tokens.longest
        self.vocabulary, _ = vocabulary(config)
        said = _defaults(config)
        self.ends = frozenset([*said.ends, *template.stop_token_ids])
        self.sampling = said.sampling
        self._grammars: Grammars | None = None

    def prompt(self, messages: Sequence[dict[str, Any]], functions: str) -> list[int]:
        """The prompt's token ids.

        Raises:
            ValueError: it is far too long; megabytes are not made tokens while others wait.
        """
        pieces = self.template.prompt(messages, functions)
        written, most = sum(len(piece.text) for piece in pieces), self._most_characters
        if written > most:
            raise ValueError(
                f"the prompt has {written} characters, this model takes {most} at most"
            )
        return [*(self.template.system_prefix_token_ids or ()), *encoded(self.tokens, pieces)]

    def matcher(self, options: Options) -> Matcher | None:
        """What an answer must follow."""
        if options.schema is None and not options.json:
            return None
        if self._grammars is None:
            ends = sorted(end for end in self.ends if 0 <= end < self.vocabulary)
            self._grammars = Grammars(self.tokens, self.vocabulary, ends)
        return self._grammars.json(options.schema)


class Answer:
    """A request under way; `tell` hears frames `{text}`, then one `{end, usage}` or `{error}`."""

    def __init__(
        self, voice: Voice, messages: Sequence[dict[str, Any]], options: Options, tell: Tell
    ) -> None:
        self._voice = voice
        self._tell = tell
        self._matcher = voice.matcher(options)
        self._growing = Growing(voice.tokens, [*options.stop, *voice.template.stop_str])
        self._until = None if options.deadline is None else time.monotonic() + options.deadline
        self._late = False
        self._hurry = max(_HURRY, options.max_tokens // 4)
        self.request = Request(
            voice.prompt(messages, options.functions),
            limit=options.max_tokens,
            sampler=Sampler(_sampling(options, voice)),
            token=self._token,
            ended=self._ended,
            allowed=self._allowed,
            priority=options.priority,
        )

    def _allowed(self) -> Array | None:
        if self._matcher is None:
            return None
        left = self.request.limit - len(self.request.made)
        return self._matcher.ending() if left <= self._hurry else self._matcher.allowed()

    def _token(self, token: int) -> bool:
        more = self._matcher.accept(token) if self._matcher is not None else True
        if token in self._voice.ends:
            return False
        if text := self._growing.add(token):
            self._tell({"text": text})
        self._late = self._until is not None and time.monotonic() > self._until
        return more and not self._growing.stopped and not self._late

    def _ended(self, reason: str) -> None:
        if reason.startswith("error: "):
            self._tell({"error": reason.removeprefix("error: "), "kind": "failed"})
            return
        if text := self._growing.end():
            self._tell({"text": text})
        request = self.request
        usage = {
            "prompt_tokens": len(request.prompt),
            "completion_tokens": len(request.made),
            "cached_tokens": request.reused,
        }
        end = "length" if self._late else reason
        self._tell({"end": end, "usage": usage, "confidence": request.sampler.confidence})


def _sampling(options: Options, voice: Voice) -> Sampling:
    asked = {name: value for name in _USUAL if (value := getattr(options, name)) is not UNSET}
    return structs.replace(
        voice.sampling,
        **asked,
        repetition_penalty=options.repetition_penalty,
        seed=options.seed,
        logit_bias=_biases(options.logit_bias, voice.vocabulary),
        confidence=options.confidence,
    )


def _biases(said: dict[str, float], vocabulary: int) -> dict[int, float]:
    """Biases by token id.

    Raises:
        ValueError: a key is none.
    """
    wrong = [key for key in said if not (key.isdecimal() and int(key) < vocabulary)]
    if wrong:
        raise ValueError(f"logit_bias: `{wrong[0]}` is no token id (0 to {vocabulary - 1})")
    return {int(key): bias for key, bias in said.items()}


def read_options(said: dict[str, Any]) -> Options:
    """Options from a frame.

    Raises:
        ValueError: one has the wrong type or range.
    """
    try:
        options = msgspec.convert(said, Options)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    if options.max_tokens < 1:
        raise ValueError("max_tokens must be at least 1")
    if options.temperature is not UNSET and not 0 <= options.temperature <= 2:
        raise ValueError("temperature must be from 0 to 2")
    if options.top_p is not UNSET and not 0 < options.top_p <= 1:
        raise ValueError("top_p must be above 0 and at most 1")
    return options
