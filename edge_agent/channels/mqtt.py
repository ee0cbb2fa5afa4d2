"""The MQTT channel: stays connected, hands messages over, sends letters, follows subscriptions."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paho.mqtt.client import MQTTv5

from edge_agent.channels.inbox import Acknowledged, Inbox
from edge_agent.channels.message import ChannelState, Deliver, Message, OnState, Settle
from edge_agent.channels.mqtt_client import FastClient
from edge_agent.channels.mqtt_connect import Dialer, explain
from edge_agent.channels.mqtt_wire import topic_field
from edge_agent.channels.outbox import Letter, Outbox
from edge_agent.channels.outgoing import Outgoing
from edge_agent.channels.subscriptions import merged
from pipelines.ports import Clock
from schemas.fields import seconds
from schemas.settings import MqttSettings

SESSION_EXPIRY = 7 * 86_400
MAX_PACKET = 64 * 2**20
WINDOW_V311 = 1_000
ANSWER_TIMEOUT = 5.0
FIRST_DELAY, LAST_DELAY = 0.1, 5.0
TICK = 1.0


class MqttChannel:
    """One broker connection on the running loop; every call must come from the loop's thread.

    `deliver` gets every message that is no repeat. After a read that held QoS 1 or 2 messages
    `settle` gets a number: call `ack` with it once all of them are durable.
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
        last_commit: float | None = None,
    ) -> None:
        self.state = ChannelState(False, "not started")
        client_id = settings.client_id or f"hearth-{agent}"
        self._settings, self._clock = settings, clock
        self._status = f"hearth/{agent}/status"
        self._marker = f"hearth/{agent}/marker"
        self._deliver, self._settle, self._on_state = deliver, settle, on_state
        self._inbox = Inbox(client_id, ledger)
        self._outbox = Outbox(home / "data" / "outbox", settings.queue)
        self._loop = asyncio.get_running_loop()
        self._client = self._new_client(client_id)
        self._outgoing = Outgoing(self._outbox, self._client.write, self._client._mid_generate)
        self._client.busy_ids = self._outgoing.holds
        self._dialer = Dialer(settings, home)
        self._wanted: dict[str, int] = {}
        self._subscribed: dict[str, int] = {}
        self._last_commit = last_commit if last_commit is not None else clock.now()
        self._age = 0.0
        self._settled = 0
        self._asked_arrival = -1
        self._lost = asyncio.Event()
        self._answer: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None

    # -- the public face ----------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._task = self._loop.create_task(self._stay_connected())

    async def stop(self) -> None:
        """Send what can be sent, say `offline`, disconnect, keep the rest on disk."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self.state.connected:
            self._outgoing.send(Letter(self._status, b"offline", 1, True))
            self._outgoing.checkpoint()
            self._client.close()
        self._outgoing.checkpoint()
        self._set_state(ChannelState(False, "stopped"))

    def subscribe(self, filters: Mapping[str, int]) -> None:
        """Want exactly these filters, each with its QoS; only what changes is sent."""
        self._wanted = merged(filters)
        if self.state.connected:
            self._update_subscriptions()

    def send(
        self, topic: str, payload: bytes | str, *, qos: int = 0, retain: bool = False, run: int = 0
    ) -> None:
        """Send or queue one message; never blocks.

        Raises:
            ValueError: nobody may publish to this topic; the text says why.
        """
        topic_field(topic)
        data = payload.encode() if isinstance(payload, str) else payload
        self._outgoing.send(Letter(topic, data, qos, retain, run))

    def ack(self, number: int) -> None:
        """All messages up to this number (from `settle`) are durable: tell the broker."""
        self._client.ack(number)
        self._last_commit = self._clock.now()

    def checkpoint(self) -> None:
        """Call before a commit: what is sent and not yet answered is kept on disk from now on."""
        self._outgoing.checkpoint()

    # -- the connection -----------------------------------------------------------------------

    def _new_client(self, client_id: str) -> FastClient:
        client = FastClient(client_id, self, self._loop.call_soon)
        settings, loop = self._settings, self._loop
        client.username_pw_set(settings.username, settings.password)
        client.will_set(self._status, b"offline", 1, True)
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_socket_open = lambda c, u, s: loop.add_reader(s.fileno(), client.loop_read)
        client.on_socket_close = lambda c, u, s: loop.remove_reader(s.fileno())
        client.on_socket_register_write = lambda c, u, s: loop.add_writer(
            s.fileno(), client.loop_write
        )
        client.on_socket_unregister_write = lambda c, u, s: loop.remove_writer(s.fileno())
        client.speak(5 if settings.version == 5 else 4)
        return client

    async def _stay_connected(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                sock = await self._dialer.dial(self._loop)
            except OSError as error:
                self._set_state(explain(error, self._settings))
            else:
                if await self._hold(sock):
                    delay = FIRST_DELAY
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, LAST_DELAY)

    async def _hold(self, sock: Any) -> bool:
        """Use a connection until it is lost; whether the broker accepted it."""
        self._lost.clear()
        self._client.adopt(
            sock,
            keepalive=round(seconds(self._settings.keepalive)),
            session_expiry=SESSION_EXPIRY,
            max_packet=MAX_PACKET,
        )
        deadline = self._loop.call_later(ANSWER_TIMEOUT, self._give_up)
        accepted = False
        while not self._lost.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), TICK)
            if self.state.connected:
                accepted = True
                deadline.cancel()
                self._tick()
        deadline.cancel()
        return accepted

    def _give_up(self) -> None:
        if not self.state.connected:
            self._client.drop()

    def _tick(self) -> None:
        self._client.loop_misc()
        if self._asked_arrival < 0 and (self._outgoing.ask() or self._inbox.unproven):
            self._asked_arrival = self._client.arrived - self._client.unacknowledged
            self._client._send_pingreq()

    def _connected(self, client: Any, userdata: Any, flags: Any, reason: Any, props: Any) -> None:
        if reason.is_failure:
            return
        if not flags.session_present:
            self._subscribed = {}
            self._inbox.forget_session()
        self._asked_arrival = -1
        self._set_state(ChannelState(True))
        self._update_subscriptions()
        v5 = self._client.protocol == MQTTv5
        window = getattr(props, "ReceiveMaximum", 65_535) if v5 else WINDOW_V311
        self._outgoing.connected(window=window, v5=v5)
        self._outgoing.send(Letter(self._status, b"online", 1, True))

    def _disconnected(self, client: Any, userdata: Any, flags: Any, reason: Any, p: Any) -> None:
        self._outgoing.lost()
        self._lost.set()
        self._set_state(ChannelState(False, f"connection lost: {reason}"))

    def _update_subscriptions(self) -> None:
        gone = [f for f in self._subscribed if f not in self._wanted]
        new = [(f, q) for f, q in self._wanted.items() if self._subscribed.get(f) != q]
        for start in range(0, len(gone), 100):
            self._client.unsubscribe(gone[start : start + 100])
        for start in range(0, len(new), 100):
            self._client.subscribe(new[start : start + 100])
        self._subscribed = dict(self._wanted)

    def _set_state(self, state: ChannelState) -> None:
        if state != self.state:
            self.state = state
            self._on_state(state)

    # -- what the client tells (mqtt_client.Events) ---------------------------------------------

    def received(self, topic: str, payload: bytes, first: int, packet_id: int) -> None:
        """A PUBLISH: identify it, hand it over unless it is a repeat."""
        qos = first >> 1 & 3
        if qos:
            arrival = self._client.arrived
            identity = self._inbox.identify(packet_id, topic, payload, first & 8, arrival)
            if not identity:
                return
        else:
            identity = self._inbox.unique()
        self._deliver(Message(identity, topic, payload, qos, first & 1 == 1, self._age))

    def batch_read(self) -> None:
        """The read is done: what it held is to be made durable."""
        arrived = self._client.arrived
        if arrived != self._settled:
            self._settled = arrived
            self._settle(arrived)

    def answered(self, kind: int, packet_id: int, reason: int) -> None:
        """The broker's answer to a letter."""
        self._outgoing.answered(kind, packet_id, reason)

    def ponged(self) -> None:
        """A round trip: letters before it have arrived, acknowledgements were read."""
        if self._asked_arrival >= 0:
            self._outgoing.proven()
            self._inbox.prove(self._asked_arrival)
            self._asked_arrival = -1
