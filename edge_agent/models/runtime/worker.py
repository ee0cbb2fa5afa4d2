"""The worker process of one decoder: frames in on standard input, frames out on standard output.

The agent writes `{job}` first and reads `{ready}` or `{failed}`; then requests `{id, chat}`,
`{abort}` and `{metrics}` come in any order and answers go out by id, all of a step in one frame.
The process ends when its standard input does.
"""

from __future__ import annotations

import queue
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from edge_agent.models.begin import begin, failed, say
from edge_agent.models.runtime.answer import Answer, Voice, read_options
from edge_agent.models.runtime.batching import Batcher, Busy
from edge_agent.models.runtime.conversation import conversation
from edge_agent.models.runtime.decoder import Decoder
from edge_agent.models.runtime.folder import BrokenFolder
from edge_agent.models.runtime.library import load_runtime
from edge_agent.models.runtime.text import Tokens
from edge_agent.models.wire import packed, read_frame


class Job(msgspec.Struct, frozen=True):
    """What to serve: folder and library, sequences at once, tokens of cache."""

    folder: str
    library: str
    sequences: int
    tokens: int


class Worker:
    """Serves one model until nobody asks any more."""

    def __init__(self, job: Job, out: BinaryIO) -> None:
        folder = Path(job.folder)
        self._out = out
        self._decoder = Decoder(
            folder, Path(job.library), sequences=job.sequences, tokens=job.tokens
        )
        config = self._decoder.config
        self._voice = Voice(
            config, Tokens(folder), conversation(config), longest=self._decoder.context
        )
        self._batcher = Batcher(self._decoder)
        self._answers: dict[int, Answer] = {}
        self._said: list[dict[str, Any]] = []

    def serve(self, inbox: queue.SimpleQueue[Any]) -> None:
        """Answer requests; a None in the inbox ends it."""
        while True:
            for message in _waiting(inbox, block=not self._answers):
                if message is None:
                    return
                self._take(message)
            self._batcher.step()
            self._send()

    def _take(self, message: dict[str, Any]) -> None:
        if "abort" in message:
            if (answer := self._answers.get(message["abort"])) is not None:
                self._batcher.abort(answer.request)
        elif "metrics" in message:
            self._tell(message["id"], {"metrics": self._metrics()})
        else:
            self._begin(message["id"], message["chat"])

    def _begin(self, id: int, chat: dict[str, Any]) -> None:
        try:
            options = read_options(chat["options"])
            answer = Answer(
                self._voice, chat["messages"], options, lambda frame: self._heard(id, frame)
            )
            self._batcher.submit(answer.request)
        except Busy as error:
            self._tell(id, {"error": str(error), "kind": "busy"})
        except (ValueError, KeyError, TypeError) as error:
            self._tell(id, {"error": str(error), "kind": "invalid"})
        else:
            self._answers[id] = answer

    def _heard(self, id: int, frame: dict[str, Any]) -> None:
        if "text" not in frame:
            self._answers.pop(id, None)
        self._tell(id, frame)

    def _tell(self, id: int, frame: dict[str, Any]) -> None:
        self._said.append({"id": id, **frame})

    def _send(self) -> None:
        if self._said:
            self._out.write(packed(self._said))
            self._out.flush()
            self._said.clear()

    def _metrics(self) -> dict[str, Any]:
        return {
            "running": len(self._batcher.running),
            "waiting": len(self._batcher.waiting),
        }


def _waiting(inbox: queue.SimpleQueue[Any], *, block: bool) -> list[Any]:
    messages = [inbox.get()] if block else []
    while not inbox.empty():
        messages.append(inbox.get())
    return messages


def _listen(stream: BinaryIO, inbox: queue.SimpleQueue[Any]) -> None:
    while (message := read_frame(stream)) is not None:
        inbox.put(message)
    inbox.put(None)


def main() -> None:
    """Serve over the standard streams."""
    given, out = begin()
    job = msgspec.convert(given, Job)
    try:
        load_runtime()
        worker = Worker(job, out)
    except (BrokenFolder, ImportError, MemoryError, ValueError) as error:
        return say(out, failed(error))
    say(out, {"ready": {"vocabulary": worker._voice.vocabulary}})
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, inbox), daemon=True).start()
    worker.serve(inbox)


if __name__ == "__main__":
    main()
