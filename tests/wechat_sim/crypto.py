"""Signatures and the encrypted envelope, from WeChat's published description.

Signature: SHA-1 of the parts, sorted and joined. Envelope: AES-256-CBC under
base64(EncodingAESKey + "=") with the key's first 16 bytes as IV; inside are 16 random bytes, the
length of the message (4 bytes, network order), the message and the AppID, padded by PKCS#7 to
blocks of 32 bytes. Source: 公众号文档 “消息加解密说明” (guide/dev/push/encryption).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""The padding's block: WeChat pads to 32 bytes although AES has blocks of 16."""


class EnvelopeError(ValueError):
    """What came back is no envelope of this account; the message says why."""


def signature(*parts: str) -> str:
    """Return the signature of token, timestamp, nonce (and, for ``msg_signature``, ciphertext)."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


class Envelope:
    """Encrypts to and decrypts from one account.

    Args:
        aes_key: The account's EncodingAESKey, 43 characters.
        app_id: Stands inside every envelope, so that one account's cannot be used for another.
    """

    def __init__(self, aes_key: str, app_id: str) -> None:
        self._key = base64.b64decode(aes_key + "=")
        if len(aes_key) != 43 or len(self._key) != 32:
            raise ValueError("an EncodingAESKey has 43 characters")
        self._app_id = app_id.encode()

    def encrypt(self, message: str) -> str:
        """Return the ciphertext in base64."""
        raw = message.encode()
        plain = os.urandom(16) + struct.pack(">I", len(raw)) + raw + self._app_id
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, sealed: str) -> str:
        """Return the message; every rule of the format is checked."""
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError) as error:
            raise EnvelopeError("Encrypt is not base64") from error
        if not raw or len(raw) % BLOCK:
            raise EnvelopeError(f"{len(raw)} bytes are not padded to blocks of {BLOCK}")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
        pad = plain[-1]
        if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise EnvelopeError("wrong padding: another key?")
        plain = plain[:-pad]
        if len(plain) < 20:
            raise EnvelopeError("too short")
        (length,) = struct.unpack(">I", plain[16:20])
        message, app_id = plain[20 : 20 + length], plain[20 + length :]
        if len(message) != length or app_id != self._app_id:
            raise EnvelopeError(f"made for AppID {app_id[:40]!r}")
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeError("the message is not UTF-8") from error

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
