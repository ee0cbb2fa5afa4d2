"""Signatures of manifests: Ed25519 (RFC 8032), the home's own key and those that come with us."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from edge_agent.models.driver import ModelError

SIGNATURE = "manifest.sig"
_PUBLIC = Path(__file__).parent / "trusted"


class Key:
    """The home's own key pair; made when it is first needed, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def sign(self, data: bytes) -> bytes:
        """The signature of some bytes, 64 bytes long."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed()).sign(data)

    def public(self) -> bytes | None:
        """The public half, 32 bytes; None while there is no key."""
        if not self._path.exists():
            return None
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed()).public_key().public_bytes_raw()

    def _seed(self) -> bytes:
        import secrets

        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            self._path.write_bytes(secrets.token_bytes(32))
        return self._path.read_bytes()


def trusted_keys(own: Key) -> list[bytes]:
    """The public keys whose signatures count."""
    shipped = [bytes.fromhex(path.read_text().strip()) for path in sorted(_PUBLIC.glob("*.pub"))]
    mine = own.public()
    return [*shipped, *([mine] if mine else [])]


def verify(data: bytes, signature: bytes, keys: Iterable[bytes]) -> None:
    """Check that one of the keys signed the bytes.

    Raises:
        ModelError: none did.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in keys:
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
        except InvalidSignature:
            continue
        return
    raise ModelError("its manifest is signed by nobody this home trusts; see `hearth models add`")
