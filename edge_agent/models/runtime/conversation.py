"""Messages as the prompt a model was trained on, by the folder's conversation template.

The rules are those of mlc-llm's `Conversation.as_prompt`: system text, then for each message its
role, a separator, the content in the role's template and the separator behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert, field, structs

from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.templates import template_named

_HOLES = {
    "user": "{user_message}",
    "assistant": "{assistant_message}",
    "tool": "{tool_message}",
}
_ROLES = {"user": "user", "assistant": "assistant"}
_FUNCTION, _SYSTEM = "{function_string}", "{system_message}"


class Piece(Struct, frozen=True):
    """Some text of a prompt; `own`: it is the template's, so special tokens in it count."""

    text: str
    own: bool = False


class Conversation(Struct, frozen=True):
    """A template, with mlc-llm's keys."""

    roles: dict[str, str] = field(default_factory=lambda: dict(_ROLES))
    role_templates: dict[str, str] = {}
    system_template: str = _SYSTEM
    system_message: str = ""
    system_prefix_token_ids: list[int] | None = None
    add_role_after_system_message: bool = True
    seps: Annotated[list[str], Meta(min_length=1)] = field(default_factory=lambda: ["\n"])
    role_content_sep: str = ": "
    role_empty_sep: str = ":"
    stop_str: list[str] = []
    stop_token_ids: list[int] = []

    def prompt(self, messages: Sequence[Mapping[str, Any]], functions: str = "") -> list[Piece]:
        """The whole text up to where the assistant's answer begins.

        Raises:
            ValueError: a message has a role that the template does not know.
        """
        system = "\n".join(str(each["content"]) for each in messages if each["role"] in _SYSTEMS)
        told = Piece(system) if system else Piece(self.system_message, own=True)
        pieces = _filled(self.system_template, _SYSTEM, told)
        begun = any(piece.text for piece in pieces)
        spoken = [each for each in messages if each["role"] not in _SYSTEMS]
        for index, message in enumerate(spoken):
            bare = index == 0 and begun and not self.add_role_after_system_message
            pieces += self._turn(message, bare=bare)
        pieces.append(Piece(self.roles["assistant"] + self.role_empty_sep, own=True))
        return _with_functions(pieces, functions)

    def _turn(self, message: Mapping[str, Any], *, bare: bool) -> list[Piece]:
        role = str(message["role"])
        if role not in self.roles:
            known = ", ".join(sorted(self.roles))
            raise ValueError(f"this model knows no role `{role}`; it knows {known}")
        hole = _HOLES[role]
        template = self.role_templates.get(role, hole)
        name = "" if bare else self.roles[role] + self.role_content_sep
        behind = self.seps[-1] if role == "assistant" else self.seps[0]
        return _filled(name + template + behind, hole, Piece(str(message.get("content") or "")))


def _filled(template: str, hole: str, content: Piece) -> list[Piece]:
    """The template with the content in its holes."""
    first, *others = template.split(hole)
    pieces = [Piece(first, own=True)]
    for text in others:
        pieces += [content, Piece(text, own=True)]
    return pieces


def _with_functions(pieces: Sequence[Piece], functions: str) -> list[Piece]:
    """The functions in the last place that the template has for them; other places stay empty."""
    placed: list[Piece] = []
    told = functions
    for piece in reversed(pieces):
        if not piece.own or _FUNCTION not in piece.text:
            placed.append(piece)
            continue
        before, after = piece.text.rsplit(_FUNCTION, 1)
        before = before.replace(_FUNCTION, "")
        placed += [Piece(after, own=True), Piece(told), Piece(before, own=True)]
        told = ""
    return placed[::-1]


_SYSTEMS = ("system", "developer")


def conversation(config: Mapping[str, Any]) -> Conversation:
    """The template of `mlc-chat-config.json`, with the roles it leaves out.

    Raises:
        BrokenFolder: it is none, or names one that we do not have.
    """
    said = config.get("conv_template")
    if said is None:
        return Conversation()
    if isinstance(said, str):
        said = template_named(said)
    try:
        template = convert(said, Conversation)
    except ValidationError as error:
        raise BrokenFolder(f"conv_template of mlc-chat-config.json: {error}") from None
    return structs.replace(template, roles={**_ROLES, **template.roles})
