"""What configs of either kind say of a model's sizes and positions."""

from __future__ import annotations

from typing import Any

import pytest

from edge_agent.models.geometry import geometry
from tests.models.tiny import CONFIG

LLAMA3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip


def shape(**said: Any) -> Any:
    plain = {key: value for key, value in CONFIG.items() if key != "rope_theta"}
    return geometry({"model_type": "llama", **plain, **said})


@pytest.mark.parametrize(
    ("said", "theta", "scaling"),
    [
        ({}, 1e4, {}),
        ({"rope_theta": 5e5}, 5e5, {}),
        ({"position_embedding_base": 5e5, "rope_scaling": None}, 5e5, {}),
        ({"rope_theta": 5e5, "rope_scaling": {"rope_type": "default"}}, 5e5, {}),
        ({"rope_theta": 5e5, "rope_scaling": {"type": "default"}}, 5e5, {}),
        ({"rope_theta": 5e5, "rope_scaling": LLAMA3}, 5e5, LLAMA3),
        ({"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}}, 5e5, {}),
        (
            {"rope_parameters": {**LLAMA3, "rope_theta": 5e5}},
            5e5,
            {**LLAMA3, "rope_theta": 5e5},
        ),
        (
            {"model_config": {"rope_theta": 5e5, "rope_scaling": {"rope_type": "default"}}},
            5e5,
            {},
        ),
    ],
)
def test_rotary_positions_are_told_in_many_ways(
    said: dict[str, Any], theta: float, scaling: dict[str, Any]
) -> None:
    found = shape(**said)
    assert (found.rope_theta, found.rope_scaling) == (theta, scaling)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"rope_scaling": {"rope_type": "yarn"}}, "`yarn` is not supported"),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, "`linear` is not supported"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8}}, "says no `low_freq_factor`"),
    ],
)
def test_positions_that_are_not_supported_are_named(said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        shape(**said)
