"""The MQTT channel: stays connected, hands messages over, sends letters, follows subscriptions."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.channels.backlog import Backlog
from edge_agent.channels.inbox import Acknowledged, Inbox
from edge_agent.channels.message import (
    ChannelState,
    Deliver,
    Figures,
    Message,
    OnState,
    Settle,
)
from edge_agent.channels.mqtt_client import FastClient
from edge_agent.channels.mqtt_connect import UNSUPPORTED_VERSION, Dialer, loss, refusal, terms
from edge_agent.channels.mqtt_subscriber import Subscriber
from edge_agent.channels.mqtt_wire import MAX_PAYLOAD, topic_field
from edge_agent.channels.outbox import Letter, Outbox
from edge_agent.channels.outgoing import Outgoing
from edge_agent.channels.round_trips import RoundTrips
from edge_agent.channels.subscriptions import Copies
from pipelines.ports import Clock
from schemas.fields import seconds
from schemas.settings import MqttSettings

log = logging.getLogger(__name__)

SESSION_EXPIRY = 7 * 86_400
MAX_PACKET = 64 * 2**20
ANSWER_TIMEOUT = 5.0
TICK = 1.0


class MqttChannel:
    """One broker connection on the running loop; every call must come from the loop's thread.

    `deliver` gets the messages of a read that are no repeats. After one with QoS 1 or 2 messages
    `settle` gets a number: call `ack` with it once all of them are durable; `checkpoint` comes
    before each commit.
    """

    def __init__(
        self,
        settings: MqttSettings,
        *,
        agent: str,
        home: Path,
        clock: Clock,
        ledger: Acknowledged,
        deliver: Deliver,
        settle: Settle,
        on_state: OnState = lambda state: None,
    ) -> None:
        client_id = settings.client_id or f"hearth-{agent}"
        self.state = ChannelState(False, "not connected yet")
        self._settings, self._clock = settings, clock
        self._status, self._marker = f"hearth/{agent}/status", f"hearth/{agent}/marker"
        self._deliver, self._settle, self._on_state = deliver, settle, on_state
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(settings, home)
        self._inbox = Inbox(client_id, ledger)
        self._backlog = Backlog(ledger.last_commit(), home / "data" / "up-to-date")
        self._client = self._new_client(client_id)
        self._outbox = Outbox(home / "data" / "outbox", settings.queue)
        self._outgoing = Outgoing(
            self._outbox, self._client.write, self._client.new_id, self._loop.call_soon
        )
        self._client.busy_ids = self._outgoing.holds
        self._client.pack = self._outgoing.pack
        self._subscriber = Subscriber(self._client, {self._marker: 1})
        self._copies = Copies()
        self._read: deque[Message] = deque()
        self._settled = 0
        self._trips = RoundTrips(self._client, self._outgoing, self._inbox)
        self._since = 0.0
        self._answered = False
        self._lost = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ticking: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task = self._loop.create_task(self._stay_connected())
        self._task.add_done_callback(_reveal)
        self._tick()

    async def stop(self) -> None:
        """Say `offline` and disconnect; what has not been sent stays on disk."""
        self._client.on_disconnect = None
        if self._ticking is not None:
            self._ticking.cancel()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.state.connected:
            await self._trips.all_proven()
            self._outgoing.checkpoint()
            self._outgoing.direct(Letter(self._status, b"offline", 0, True))
            self._client.close()
        self._outgoing.lost()
        self._outbox.close()
        self._set_state(ChannelState(False, "stopped"))

    def subscribe(self, filters: Mapping[str, int]) -> None:
        """Want exactly these filters, each with its QoS; only what changes is sent."""
        self._subscriber.want(filters)
        if self.state.connected:
            self._subscriber.update()

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Send or queue one message; never blocks.

        Raises:
            ValueError: nobody may publish this, or to this topic; the text says why.
        """
        topic_field(topic)
        data = payload.encode() if isinstance(payload, str) else payload
        if len(data) > MAX_PAYLOAD:
            raise ValueError(f"the payload is {len(data)} bytes long, MQTT allows {MAX_PAYLOAD}")
        self._outgoing.send(Letter(topic, data, qos, retain, run))

    def ack(self, number: int) -> None:
        """All messages up to this number (from `settle`) are durable: tell the broker."""
        self._client.ack(number)
        if self.state.connected:
            self._backlog.committed(self._clock.now())

    def checkpoint(self) -> None:
        """Call before a commit: what is sent and not yet answered is kept on disk from now on."""
        self._outgoing.checkpoint()

    def figures(self) -> Figures:
        """What it has counted since it was made."""
        box, out = self._outbox, self._outgoing
        return Figures(len(box), box.dropped, out.refused, self._inbox.repeats, box.problem)

    # -- the connection -----------------------------------------------------------------------

    def _new_client(self, client_id: str) -> FastClient:
        client = FastClient(client_id, self, self._loop)
        client.username_pw_set(self._settings.username, self._settings.password)
        client.will_set(self._status, b"offline", 1, True)
        client.on_connect = self._welcomed
        client.on_disconnect = self._disconnected
        client.speak(5 if self._settings.version == 5 else 4)
        return client

    async def _stay_connected(self) -> None:
        keepalive = round(seconds(self._settings.keepalive))
        async for sock in self._dialer.sockets(self._set_state):
            self._lost.clear()
            self._answered = False
            self._client.adopt(
                sock, keepalive=keepalive, session_expiry=SESSION_EXPIRY, max_packet=MAX_PACKET
            )
            deadline = self._loop.call_later(ANSWER_TIMEOUT, self._give_up)
            await self._lost.wait()
            deadline.cancel()

    def _give_up(self) -> None:
        if not self._answered:
            self._client.drop()

    def _tick(self) -> None:
        """Once a second: keep-alive, proof of arrival, the disk."""
        self._ticking = self._loop.call_later(TICK, self._tick)
        self._save()
        if not self.state.connected:
            return
        self._client.loop_misc()
        if not self._client.reader.unacknowledged:
            self._backlog.second_passed(self._clock.now())
            self._backlog.up_to_date(self._clock.now() - self._client.silence)
        self._trips.begin_if_needed()

    def _save(self) -> None:
        before = self._outbox.problem
        self._outbox.flush()
        if self._outbox.problem and not before:
            log.warning("outgoing queue not on disk", extra={"reason": self._outbox.problem})
        if (sync := self._outbox.unsynced()) is not None:
            self._loop.run_in_executor(None, sync)

    def _welcomed(self, client: Any, user: Any, flags: Any, reason: Any, props: Any) -> None:
        self._answered = True
        if reason.is_failure:
            self._refused(reason)
            return
        allowed = terms(props, v5=self._client.v5)
        self._outgoing.v5 = self._client.v5
        self._outgoing.direct(Letter(self._status, b"online", 0, True))
        if not flags.session_present:
            self._inbox.forget_session()
            self._subscriber.forget()
        self._subscriber.update(numbers=allowed.numbers)
        if flags.session_present:
            self._outgoing.direct(Letter(self._marker, self._backlog.began(self._clock.now()), 1))
        self._trips.begin()
        self._outgoing.connected(allowed)
        self._since = self._loop.time()
        self._set_state(ChannelState(True))

    def _refused(self, reason: Any) -> None:
        if reason.value == UNSUPPORTED_VERSION and self._client.v5:
            self._client.speak(4)
            self._dialer.at_once = True
        else:
            self._set_state(refusal(reason, self._settings.host))

    def _disconnected(self, client: Any, user: Any, flags: Any, why: Any, props: Any) -> None:
        self._outgoing.lost()
        self._trips.lost()
        self._lost.set()
        if not self._client.reader.unacknowledged:
            self._backlog.up_to_date(self._clock.now() - self._client.silence)
        if not self._answered and self._settings.version == 5:
            self._client.speak(4 if self._client.v5 else 5)  # some only know one, and hang up
        if self.state.connected:
            lasted = self._loop.time() - self._since
            self._set_state(loss(flags, why, self._settings.host, lasted))

    def _set_state(self, state: ChannelState) -> None:
        if state == self.state:
            return
        self.state = state
        if state.connected:
            log.info("broker connected", extra={"host": self._settings.host})
        elif self._task is not None and not self._task.cancelled():
            log.warning("broker away", extra={"reason": state.reason, "hint": state.hint})
        self._on_state(state)

    # -- what the client tells (mqtt_reader.Events) ---------------------------------------------

    def received(
        self, topic: str, payload: bytes, first: int, packet_id: int, subscription: int
    ) -> None:
        """A PUBLISH: identify it, keep it for the end of the read unless it is a repeat or copy."""
        qos = first >> 1 & 3
        age = self._backlog.age(qos, self._clock.now()) if self._backlog.waiting else 0.0
        if topic == self._marker:
            if qos:
                self._backlog.came_back(payload)
            return
        if subscription and self._copies.again(topic, payload, subscription):
            return
        if not qos:
            identity = self._inbox.unique()
        else:
            arrival = self._client.reader.arrived
            identity = self._inbox.identify(packet_id, topic, payload, first & 8, arrival)
            if not identity:
                return
        self._read.append(Message(identity, topic, payload, qos, first & 1 == 1, age))

    def batch_read(self) -> None:
        """A read is done: what it held is handed over, then it is to be made durable."""
        self._deliver(self._read)
        arrived = self._client.reader.arrived
        if arrived != self._settled:
            self._settled = arrived
            self._settle(arrived)

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """The broker's answer to a letter."""
        self._outgoing.answered(kind, packet_id, reason)

    def stuck(self, blocked: bool) -> None:
        """The socket takes no more for now, or again does."""
        self._outgoing.stuck(blocked)

    def ponged(self) -> None:
        """The answer to a ping."""
        self._backlog.round_trip()
        self._trips.answered()


def _reveal(task: asyncio.Task[None]) -> None:
    """Let a bug in the task reach the loop's exception handler at once."""
    if not task.cancelled():
        task.result()
