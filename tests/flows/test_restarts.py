"""An agent killed between any two things that happen does what an undisturbed one does."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from itertools import cycle, pairwise
from typing import Any

import pytest

from tests.storms.waits import ROUND, Construct, Lives, constructs, told

START = 1_767_225_600.0
ROUNDS = 2
AWAY = (0.0, 0.3)  # seconds: shorter than the waits, as a restart is
CONSTRUCTS = constructs()


def _sends(construct: Construct) -> list[tuple[float, str, bytes]]:
    return sorted(
        (START + number * ROUND + send.at, send.topic, send.body(number))
        for number in range(ROUNDS)
        for send in construct.sends
    )


async def _played(construct: Construct, kills: Sequence[tuple[float, float]] = ()) -> Lives:
    """Play the rounds; `kills` are moments and how long the agent is away after each."""
    lives = Lives([construct], START)
    await lives.start()
    sends, kept = _sends(construct), list(kills)
    while sends or kept:
        if kept and (not sends or kept[0][0] <= sends[0][0]):
            moment, away = kept.pop(0)
            await lives.pass_to(moment)
            lives.kill()
            await lives.pass_to(moment + away)
            await lives.start()
        else:
            time, topic, payload = sends.pop(0)
            await lives.pass_to(time)
            await lives.send(topic, payload)
    await lives.pass_to(START + ROUNDS * ROUND + 60.0)
    return lives


def _outcome(construct: Construct, lives: Lives) -> Any:
    states = sorted((run.pipeline, run.state) for run in lives.ledger.runs.values())
    return told(lives.published, [construct]), states


def _moments(lives: Lives, construct: Construct) -> list[float]:
    """Just after each thing that happens, and halfway to the next."""
    records = lives.ledger.runs.values()
    times = {time for time, _, _ in _sends(construct)}
    times |= {step.finished for record in records for step in record.steps if step.finished}
    times |= {record.started for record in records}
    ordered = sorted(times)
    halves = [(a + b) / 2 for a, b in pairwise(ordered) if b - a > 0.01]
    return sorted([*(time + 1e-3 for time in ordered), *halves])


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda it: it.name)
def test_a_kill_between_any_two_events_changes_nothing(construct: Construct) -> None:
    undisturbed = asyncio.run(_played(construct))
    wanted = _outcome(construct, undisturbed)
    assert undisturbed.published
    for moment, away in zip(_moments(undisturbed, construct), cycle(AWAY), strict=False):
        killed = asyncio.run(_played(construct, [(moment, away)]))
        assert _outcome(construct, killed) == wanted, f"killed at {moment - START:.3f}, {away}"


@pytest.mark.parametrize("construct", CONSTRUCTS, ids=lambda it: it.name)
def test_so_do_kills_at_all_these_moments_and_at_random_ones(construct: Construct) -> None:
    dice = random.Random(construct.name)
    undisturbed = asyncio.run(_played(construct))
    wanted = _outcome(construct, undisturbed)
    every = [(moment, 0.0) for moment in _moments(undisturbed, construct)]
    assert _outcome(construct, asyncio.run(_played(construct, every))) == wanted
    for _ in range(3):
        kills = sorted((START + dice.uniform(0, ROUNDS * ROUND), 0.2) for _ in range(6))
        assert _outcome(construct, asyncio.run(_played(construct, kills))) == wanted, kills
