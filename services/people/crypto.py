"""Contact data at rest: AES-256-GCM with a key id, so that keys can be rotated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.config import Settings

NONCE_BYTES = 12


class VaultError(Exception):
    """A stored value that no known key opens, or a key that is not one."""


class Vault:
    """Encrypts short texts (names, phones, rooms).

    A stored value is ``v1.<key id>.<base64url of nonce and ciphertext>``. ``LINDA_DATA_KEY`` may
    hold several keys separated by commas: the first encrypts, all of them decrypt; the key id, the
    first 8 hex digits of the key's SHA-256, finds the right one.

    Args:
        keys: 32-byte keys, the current one first.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(k) != 32 for k in keys):
            raise VaultError("LINDA_DATA_KEY 应为 base64 编码的 32 字节密钥。")
        self._keys = {hashlib.sha256(k).hexdigest()[:8]: AESGCM(k) for k in keys}
        self._current = next(iter(self._keys))
        # Lookups must keep working after a rotation, so they hang on the oldest key, the last one.
        self._index_key = hashlib.sha256(b"linda-index" + keys[-1]).digest()

    @classmethod
    def from_settings(cls, settings: Settings) -> Vault:
        """Return the vault of this installation."""
        try:
            keys = [base64.b64decode(k) for k in settings.secret("data_key").split(",")]
        except binascii.Error:
            keys = []
        return cls(keys)

    @property
    def key_ids(self) -> list[str]:
        """Ids of the keys, the current one first."""
        return list(self._keys)

    def encrypt(self, text: str) -> str:
        """Return the text encrypted under the current key; two calls give two different values."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._keys[self._current].encrypt(nonce, text.encode(), self._current.encode())
        return f"v1.{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, stored: str) -> str:
        """Return the text of a stored value.

        Raises:
            VaultError: No known key, or the value was changed.
        """
        try:
            version, key_id, body = stored.split(".")
            raw = base64.urlsafe_b64decode(body)
            if version != "v1":
                raise ValueError(version)
            key = self._keys[key_id]
            return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], key_id.encode()).decode()
        except (ValueError, KeyError, InvalidTag):
            raise VaultError("a stored value cannot be decrypted with the keys at hand") from None

    def needs_rotation(self, stored: str) -> bool:
        """Return whether a stored value was encrypted under an older key."""
        return not stored.startswith(f"v1.{self._current}.")

    def fingerprint(self, text: str) -> str:
        """Return a keyed hash that finds equal values (a phone) without decrypting any."""
        return hmac.new(self._index_key, text.encode(), hashlib.sha256).hexdigest()
