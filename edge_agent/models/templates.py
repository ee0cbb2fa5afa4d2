"""Conversation templates by family and by name, for models whose folder brings none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge_agent.models.runtime.folder import BrokenFolder, read_json

_PLAIN: dict[str, str] = {"role_content_sep": "", "role_empty_sep": ""}
_CHATML = {
    "name": "chatml",
    "system_template": "<|im_start|>system\n{system_message}<|im_end|>\n",
    "system_message": "You are a helpful assistant.",
    "roles": {
        "user": "<|im_start|>user\n",
        "assistant": "<|im_start|>assistant\n",
        "tool": "<|im_start|>user\n",
    },
    "seps": ["<|im_end|>\n"],
    "stop_str": ["<|im_end|>"],
    **_PLAIN,
}
_LLAMA3 = {
    "name": "llama-3",
    "system_template": ("<|start_header_id|>system<|end_header_id|>\n\n{system_message}<|eot_id|>"),
    "system_message": "You are a helpful assistant.",
    "roles": {
        "user": "<|start_header_id|>user<|end_header_id|>\n\n",
        "assistant": "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "tool": "<|start_header_id|>ipython<|end_header_id|>\n\n",
    },
    "seps": ["<|eot_id|>"],
    "stop_str": ["<|eot_id|>"],
    **_PLAIN,
}
_LLAMA2 = {
    "name": "llama-2",
    "system_template": "[INST] <<SYS>>\n{system_message}\n<</SYS>>\n\n",
    "system_message": "You are a helpful assistant.",
    "roles": {"user": "[INST]", "assistant": "[/INST]", "tool": "[INST]"},
    "seps": [" ", " </s>"],
    "role_content_sep": " ",
    "role_empty_sep": " ",
    "add_role_after_system_message": False,
    "stop_str": ["[INST]"],
}
_GEMMA = {
    "name": "gemma",
    "system_template": "{system_message}",
    "roles": {
        "user": "<start_of_turn>user\n",
        "assistant": "<start_of_turn>model\n",
        "tool": "<start_of_turn>user\n",
    },
    "seps": ["<end_of_turn>\n"],
    "stop_str": ["<end_of_turn>"],
    **_PLAIN,
}


_NAMED: dict[str, dict[str, Any]] = {
    "chatml": _CHATML,
    "qwen2": _CHATML,
    "llama-2": _LLAMA2,
    "llama-3": _LLAMA3,
    "llama-3_1": _LLAMA3,
    "gemma_instruction": _GEMMA,
}


def template_named(name: str) -> dict[str, Any]:
    """The template that mlc-llm calls so; folders of old versions only name theirs.

    Raises:
        BrokenFolder: we do not have it.
    """
    if name not in _NAMED:
        known = ", ".join(sorted(_NAMED))
        raise BrokenFolder(f"conv_template of mlc-chat-config.json: `{name}` is none of {known}")
    return _NAMED[name]


def template_for(family: str, folder: Path) -> dict[str, Any]:
    """The template of a family; which Llama it is the tokenizer's special tokens tell."""
    tokens = _special_tokens(folder)
    if family == "gemma":
        return _GEMMA
    if "<|start_header_id|>" in tokens:
        return _LLAMA3
    return _CHATML if family.startswith("qwen") or "<|im_start|>" in tokens else _LLAMA2


def _special_tokens(folder: Path) -> set[str]:
    path = folder / "tokenizer.json"
    said = read_json(path) if path.exists() else {}
    return {str(each.get("content")) for each in said.get("added_tokens", ())}
