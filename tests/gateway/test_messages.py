"""What people say over HTTP."""

from __future__ import annotations

import httpx

from schemas.message import Said
from tests.gateway.conftest import Site
from tests.gateway.fakes import RUN

MESSAGES = "/api/v1/messages"


def test_a_message_answers_with_the_runs_it_started(site: Site, client: httpx.Client) -> None:
    answer = client.post(MESSAGES, json={"text": "light on", "session": "s", "intent": "turn_on"})
    assert (answer.status_code, answer.json()) == (202, {"runs": [str(RUN)]})
    ((said, principal),) = site.parts.messages.said
    assert said == Said("light on", session="s", intent="turn_on")
    assert principal == "local"


def test_a_message_without_words_or_with_other_keys_is_refused(client: httpx.Client) -> None:
    for wrong in (
        {},
        {"text": ""},
        {"text": 5},
        {"text": "a", "topic": "b"},
        {"text": "a" * 20_000},
    ):
        assert client.post(MESSAGES, json=wrong).status_code in (400, 422), wrong
