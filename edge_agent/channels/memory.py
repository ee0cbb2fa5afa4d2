"""An in-memory channel: a broker and its client in one, for tests and rehearsals."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import count

from edge_agent.channels.message import ChannelState, Deliver, Message, OnState, Settle
from edge_agent.channels.mqtt_wire import topic_field
from edge_agent.channels.outbox import Letter
from edge_agent.channels.subscriptions import merged
from flows.topics import TopicTree

Filters = tuple[tuple[str, int], ...]


class MemoryChannel:
    """What `MqttChannel` is, without a network: passes the same contract tests.

    `publish` is what somebody else on the broker does. `sent` holds every letter that reached
    the broker, in order; letters to a filter of ours come back. `go_away` and `come_back` are the
    broker's: meanwhile letters wait, as do QoS 1 and 2 messages for us, which age by `now`.
    """

    def __init__(
        self,
        *,
        deliver: Deliver,
        settle: Settle,
        on_state: OnState = lambda state: None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.state = ChannelState(False, "not connected yet")
        self.sent: list[Letter] = []
        self._now = now
        self.acked = 0
        self._deliver, self._settle, self._on_state = deliver, settle, on_state
        self._ids = count(1)
        self._arrived = 0
        self._left = now()
        self._filters: Filters = ()
        self._subscribed: Filters = ()
        self._retained: dict[str, Letter] = {}
        self._waiting: list[Letter] = []
        self._kept: list[Letter] = []

    def start(self) -> None:
        """Connect."""
        self.come_back()

    async def stop(self) -> None:
        """Disconnect."""
        self.go_away()

    def subscribe(self, filters: Mapping[str, int]) -> None:
        """Want exactly these filters; retained messages of new ones come at once."""
        old, self._filters = self._subscribed, _merged(tuple(filters.items()))
        self._subscribed = self._filters
        for letter in list(self._retained.values()):
            if not _tree(old).match(letter.topic) and self._wanted(letter.topic):
                self._hand_over(letter, True)

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Send or queue one message.

        Raises:
            ValueError: nobody may publish to this topic; the text says why.
        """
        topic_field(topic)
        data = payload.encode() if isinstance(payload, str) else payload
        letter = Letter(topic, data, qos, retain, run)
        if not self.state.connected:
            self._waiting.append(letter)
            return
        self.sent.append(letter)
        self._pass_on(letter)

    def ack(self, number: int) -> None:
        """All messages up to this number are durable."""
        self.acked = max(self.acked, number)

    def checkpoint(self) -> None:
        """Nothing is on disk."""

    def publish(
        self, topic: str, payload: bytes | str = b"", *, qos: int = 0, retain: bool = False
    ) -> None:
        """Somebody else publishes a message."""
        data = payload.encode() if isinstance(payload, str) else payload
        self._pass_on(Letter(topic, data, qos, retain))

    def bring(self, topic: str, payload: bytes | str) -> None:
        """A message that the broker had kept comes, as it does to newcomers."""
        data = payload.encode() if isinstance(payload, str) else payload
        letter = Letter(topic, data, 1, True)
        self._keep(letter)
        if self.state.connected and self._wanted(topic):
            self._hand_over(letter, True)

    def begin_anew(self) -> None:
        """The client is another process with the same session: it will subscribe to everything
        once more, and get what the broker keeps."""
        self._subscribed = ()

    def go_away(self) -> None:
        """The broker is away."""
        self._left = self._now()
        self._set_state(ChannelState(False, "the connection to the broker was lost"))

    def come_back(self) -> None:
        """The broker is back: what waited on both sides moves on."""
        self._set_state(ChannelState(True))
        kept, self._kept = self._kept, []
        for letter in kept:
            self._hand_over(letter, False, self._now() - self._left)
        waiting, self._waiting = self._waiting, []
        for letter in waiting:
            self.sent.append(letter)
            self._pass_on(letter)

    def _pass_on(self, letter: Letter) -> None:
        if letter.retain:
            self._keep(letter)
        found = self._wanted(letter.topic)
        if not found:
            return
        if self.state.connected:
            self._hand_over(letter, False)
        elif min(letter.qos, max(found)):
            self._kept.append(letter)

    def _keep(self, letter: Letter) -> None:
        if letter.payload:
            self._retained[letter.topic] = letter
        else:
            self._retained.pop(letter.topic, None)

    def _hand_over(self, letter: Letter, retained: bool, age: float = 0.0) -> None:
        qos = min(letter.qos, max(self._wanted(letter.topic)))
        message = Message(next(self._ids), letter.topic, letter.payload, qos, retained, age)
        self._deliver(deque((message,)))
        if qos:
            self._arrived += 1
            self._settle(self._arrived)

    def _wanted(self, topic: str) -> tuple[int, ...]:
        return _tree(self._filters).match(topic)

    def _set_state(self, state: ChannelState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)


@lru_cache(maxsize=256)
def _merged(filters: Filters) -> Filters:
    return tuple(merged(dict(filters)).items())


@lru_cache(maxsize=256)
def _tree(filters: Filters) -> TopicTree[int]:
    """The QoS at which topics are wanted."""
    tree: TopicTree[int] = TopicTree()
    for name, qos in filters:
        tree.add(name, qos)
    return tree
