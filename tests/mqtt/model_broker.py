"""A broker, two wires and an agent as a model: what may happen between a PUBLISH and its end."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_agent.channels.inbox import Inbox
from tests.mqtt.line import Books

Pick = Callable[[list[int]], int]


@dataclass
class Sent:
    """A message of the broker: `number` is who it really is."""

    number: int
    payload: bytes
    packet_id: int = 0


class LaggingBooks(Books):
    """A ledger whose `prove` is durable only after a while."""

    said = 0

    def prove(self, number: int) -> None:
        self.said = number

    def keep(self) -> None:
        """What was said is on disk now."""
        self.proven_count = self.said


@dataclass
class World:
    """The model; `pick` chooses a packet id among the free ones, `window` bounds those in use."""

    pick: Pick
    window: int
    generation: int
    queue: deque[Sent] = field(default_factory=deque)
    flying: dict[int, Sent] = field(default_factory=dict)
    down: deque[tuple[str, Sent | int]] = field(default_factory=deque)
    up: deque[tuple[str, int]] = field(default_factory=deque)
    books: LaggingBooks = field(default_factory=LaggingBooks)
    executed: list[tuple[int, int]] = field(default_factory=list)
    taken_for_repeats: set[int] = field(default_factory=set)
    published: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.committed: list[tuple[int, int]] = []
        self.start()

    def start(self) -> None:
        """A process of the agent begins."""
        self.inbox = Inbox("agent", self.books, self.generation)
        self.arrived = self.acked = 0
        self.fresh: list[tuple[int, int]] = []
        self.waiting: deque[int] = deque()
        self.reconnect()

    def reconnect(self) -> None:
        """The connection breaks, what is on the wires is lost, the broker sends again."""
        self.down.clear()
        self.up.clear()
        self.waiting.clear()
        for sent in self.flying.values():
            self.down.append(("again", sent))
        self.fill()

    def fill(self) -> None:
        """The broker sends what its window allows."""
        while self.queue and len(self.flying) < self.window:
            sent = self.queue.popleft()
            sent.packet_id = self.pick([i for i in range(1, 9) if i not in self.flying])
            self.flying[sent.packet_id] = sent
            self.down.append(("first", sent))

    def publish(self, payload: bytes) -> None:
        """Somebody publishes."""
        sent = Sent(len(self.published), payload)
        self.published.append(sent)
        self.queue.append(sent)
        self.fill()

    def read(self) -> None:
        """The agent reads one packet."""
        if not self.down:
            return
        kind, what = self.down.popleft()
        if isinstance(what, int):
            self.inbox.prove(what)
            return
        self.arrived += 1
        self.waiting.append(what.packet_id)
        dup = 8 if kind == "again" else 0
        identity = self.inbox.identify(what.packet_id, "t", what.payload, dup, self.arrived)
        if identity:
            self.executed.append((what.number, identity))
            self.fresh.append((what.number, identity))
        else:
            self.taken_for_repeats.add(what.number)

    def commit(self) -> None:
        """Everything so far becomes durable and is acknowledged."""
        self.books.keep()
        self.books.ids += [identity for _, identity in self.fresh]
        self.committed += self.fresh
        self.fresh.clear()
        while self.waiting:
            self.up.append(("ack", self.waiting.popleft()))
        self.acked = self.arrived

    def ping(self) -> None:
        """The agent asks for a proof."""
        self.up.append(("ping", self.acked))

    def listen(self) -> None:
        """The broker reads one packet."""
        if not self.up:
            return
        kind, what = self.up.popleft()
        if kind == "ping":
            self.down.append(("pong", what))
        else:
            self.flying.pop(what, None)
            self.fill()

    def settle(self) -> None:
        """Let everything come to its end without further trouble."""
        self.reconnect()
        while self.down or self.up or self.flying:
            self.read()
            self.commit()
            self.listen()
