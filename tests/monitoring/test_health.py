"""Health is asked when somebody wants to know."""

from __future__ import annotations

from edge_agent.monitoring.health import Health


def test_an_essential_component_decides_and_another_only_degrades() -> None:
    health, trouble = Health(), {"broker": "", "pipelines": "1 has problems"}
    health.watch("broker", lambda: trouble["broker"])
    health.watch("pipelines", lambda: trouble["pipelines"], essential=False)
    now = health.readiness()
    assert now.ready
    assert [(c.name, c.state) for c in now.components] == [
        ("broker", "ok"),
        ("pipelines", "degraded"),
    ]
    trouble["broker"] = "away"
    now = health.readiness()
    assert not now.ready
    assert (now.components[0].state, now.components[0].reason) == ("failed", "away")
