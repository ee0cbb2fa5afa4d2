"""How Prefect's engine is set so that a flow costs little."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def engine_settings(url: str, key: str | None, data: Path) -> Mapping[str, str]:
    """Prefect's settings as environment variables, for the API at `url`; `data` holds its files."""
    settings = {
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(data / "engine"),
        "PREFECT_LOCAL_STORAGE_PATH": str(data / "results"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
        "PREFECT_CLIENT_MAX_RETRIES": "1",
        "PREFECT_LOGGING_LEVEL": "INFO",
        "PREFECT_LOGGING_COLORS": "false",
        "DO_NOT_TRACK": "1",
        "MALLOC_ARENA_MAX": "1",
    }
    return settings if key is None else settings | {"PREFECT_API_KEY": key}
