"""What one version of a pipeline did, or would have done, for a person."""

from collections.abc import Iterator

from edge_agent.cli.shell import to_json
from schemas.shadows import Action, ShadowSide


def side_lines(side: ShadowSide) -> Iterator[str]:
    """How it ended, where not well, and a line an action."""
    if side.state != "completed":
        yield f"{side.state} {side.error}".strip()
    elif not side.actions:
        yield "nothing"
    for action in side.actions:
        yield _action(action)


def _action(action: Action) -> str:
    payload = action.payload
    text = payload if isinstance(payload, str) else to_json(payload, indent=0)
    return f"{action.kind} {action.target} {text}".strip()
