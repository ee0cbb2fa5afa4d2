"""The worker process of an exported model: frames in on standard input, out on standard output.

The agent writes a `Job` first and reads `{ready}` or `{failed}`; then requests `{id, does}`, `{id,
classify: text}` and `{id, embed: texts}` come and are answered in their order.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from edge_agent.models.begin import begin, failed, say
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.wire import read_frame

if TYPE_CHECKING:
    from edge_agent.models.exported.sentences import Sentences

_INSTALL = "exported models need the extra: pip install 'hearthflow[onnx]'"


class Job(msgspec.Struct, frozen=True):
    """Which folder to serve, and with how many cores."""

    folder: str
    threads: int = 1


def answer(model: Sentences, message: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request."""
    try:
        if "classify" in message:
            return {"classify": model.classify(message["classify"])}
        if "embed" in message:
            return {"embed": model.embed(message["embed"])}
    except (BrokenFolder, MemoryError) as error:
        return {"error": str(error) or "no memory is left for this request", "kind": "failed"}
    return {"does": model.does}


def main() -> None:
    """Serve over the standard streams."""
    given, out = begin()
    try:
        model = _loaded(msgspec.convert(given, Job))
    except (BrokenFolder, MemoryError) as error:
        return say(out, failed(error))
    say(out, {"ready": {}})
    while (message := read_frame(sys.stdin.buffer)) is not None:
        if "abort" not in message:
            say(out, {"id": message["id"], **answer(model, message)})


def _loaded(job: Job) -> Sentences:
    try:
        import onnxruntime  # noqa: F401  (told here, where nothing else can be what is missing)
        import tokenizers  # noqa: F401

        from edge_agent.models.exported.sentences import Sentences
    except ImportError as error:
        raise BrokenFolder(f"{_INSTALL} ({error})") from None
    return Sentences(Path(job.folder), job.threads)


if __name__ == "__main__":
    main()
