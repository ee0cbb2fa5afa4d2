"""The profile language as JSON Schema, for editors."""

from typing import Any

import msgspec

from schemas.profile import Profile


def profile_schema() -> dict[str, Any]:
    """The JSON Schema of one profile (draft 2020-12)."""
    schema = msgspec.json.schema(Profile)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hearthflow firmware profile",
    }
    return head | schema
