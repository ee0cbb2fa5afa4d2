"""The gateway's token: compared in constant time, and wrong tries slowed down."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from hashlib import sha256

_SLOWEST_SECONDS = 2.0
_FORGIVEN_PER_SECOND = 0.2


class Token:
    """The configured token; only its digest is kept."""

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()

    def fits(self, authorization: str) -> bool:
        """Whether an `Authorization` header carries it.

        `Bearer TOKEN`, or for browsers `Basic` with any user name and the token as password.
        """
        digest = sha256(presented(authorization).encode()).digest()
        return hmac.compare_digest(digest, self._digest)


def presented(authorization: str) -> str:
    """The token in an `Authorization` header; empty when there is none."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


class Brake:
    """How long the answer to a wrong token is held back: longer the more of them come.

    Only wrong tries wait, so nobody can lock the owner out.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tries = 0.0
        self._last = now()

    def wrong(self) -> float:
        """Count one wrong try; the seconds to wait before answering it."""
        now = self._now()
        self._tries = max(0.0, self._tries - (now - self._last) * _FORGIVEN_PER_SECOND) + 1
        self._last = now
        return min(_SLOWEST_SECONDS, 0.05 * 2 ** min(self._tries - 1, 10))
