"""What the HTTP interface tells of models."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ModelView(Struct, frozen=True, kw_only=True):
    """A model and how it does. Rates and times are those of the last minute."""

    name: Annotated[str, Meta(description="Its name.")]
    kind: Annotated[
        Literal["model", "split", "route"],
        Meta(description="Itself, several that share, or a small one before a larger one."),
    ] = "model"
    means: Annotated[list[str], Meta(description="The models that it stands for.")] = []
    driver: Annotated[str, Meta(description="What runs it.")] = ""
    version: Annotated[str, Meta(description="The version in force; empty: it has none.")] = ""
    remote: Annotated[bool, Meta(description="Whether it runs on another machine.")] = False
    loaded: Annotated[bool, Meta(description="Whether it is loaded.")] = False
    requests: Annotated[int, Meta(description="Requests since the agent has started.")] = 0
    failures: Annotated[int, Meta(description="Those that failed.")] = 0
    tokens: Annotated[int, Meta(description="Tokens that it has generated.")] = 0
    queries_per_second: Annotated[float, Meta(description="Requests answered a second.")] = 0.0
    p50_seconds: Annotated[float, Meta(description="Half of the answers took no longer.")] = 0.0
    p95_seconds: Annotated[float, Meta(description="Of twenty, 19 took no longer.")] = 0.0
    p99_seconds: Annotated[float, Meta(description="Of a hundred, 99 took no longer.")] = 0.0
    tokens_per_second: Annotated[
        float, Meta(description="Tokens generated in a second of an answer.")
    ] = 0.0
    running: Annotated[int, Meta(description="Requests that are answered now.")] = 0
    waiting: Annotated[int, Meta(description="Requests that wait for their turn.")] = 0
    memory_bytes: Annotated[int, Meta(description="Memory of its process.")] = 0
