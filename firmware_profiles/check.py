"""What a profile says that cannot be: places as paths into its tree, texts and hints."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.profile import Profile

Finding = tuple[list[str | int], str, str]


def check(profile: Profile) -> Iterator[Finding]:
    """Everything wrong with a profile beyond its shape."""
    yield from ()
