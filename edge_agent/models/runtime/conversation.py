"""Messages as the prompt a model was trained on, by the folder's conversation template.

The rules are those of mlc-llm's `Conversation.as_prompt`: system text, then for each message its
role, a separator, the content in the role's template and the separator behind it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, convert, field

_HOLES = {
    "user": "{user_message}",
    "assistant": "{assistant_message}",
    "tool": "{tool_message}",
}
_ROLES = {"user": "user", "assistant": "assistant"}
_FUNCTION, _SYSTEM = "{function_string}", "{system_message}"


class Conversation(Struct, frozen=True):
    """A template, with mlc-llm's keys."""

    roles: dict[str, str] = field(default_factory=lambda: dict(_ROLES))
    role_templates: dict[str, str] = {}
    system_template: str = _SYSTEM
    system_message: str = ""
    system_prefix_token_ids: list[int] | None = None
    add_role_after_system_message: bool = True
    seps: list[str] = field(default_factory=lambda: ["\n"])
    role_content_sep: str = ": "
    role_empty_sep: str = ":"
    stop_str: list[str] = []
    stop_token_ids: list[int] = []

    def prompt(self, messages: Sequence[Mapping[str, Any]], functions: str = "") -> str:
        """The whole text up to where the assistant's answer begins.

        Raises:
            ValueError: a message has a role that the template does not know.
        """
        system = [str(each["content"]) for each in messages if each["role"] in _SYSTEMS]
        text = self.system_template.replace(_SYSTEM, "\n".join(system) or self.system_message)
        parts = [text] if text else []
        spoken = [each for each in messages if each["role"] not in _SYSTEMS]
        for index, message in enumerate(spoken):
            bare = index == 0 and bool(text) and not self.add_role_after_system_message
            parts.append(self._turn(message, bare=bare))
        parts.append(self.roles["assistant"] + self.role_empty_sep)
        return functions.join("".join(parts).rsplit(_FUNCTION, 1)).replace(_FUNCTION, "")

    def _turn(self, message: Mapping[str, Any], *, bare: bool) -> str:
        role = str(message["role"])
        if role not in self.roles:
            known = ", ".join(sorted(self.roles))
            raise ValueError(f"this model knows no role `{role}`; it knows {known}")
        hole = _HOLES[role]
        template = self.role_templates.get(role, hole)
        name = "" if bare else self.roles[role] + self.role_content_sep
        behind = self.seps[-1] if role == "assistant" else self.seps[0]
        return name + template.replace(hole, str(message.get("content") or "")) + behind


_SYSTEMS = ("system", "developer")


def conversation(config: Mapping[str, Any]) -> Conversation:
    """The template of `mlc-chat-config.json`, with the roles it leaves out."""
    said = config.get("conv_template")
    if not isinstance(said, Mapping):
        return Conversation()
    return convert({**said, "roles": {**_ROLES, **said["roles"]}}, Conversation)
