"""Signatures and the encrypted envelope of WeChat.

Source: 公众号文档 “消息加解密说明” (guide/dev/push/encryption) with Tencent's sample code, whose
published example is a test here. A signature is SHA-1 over token, timestamp, nonce (and, for
``msg_signature``, the ciphertext), sorted and joined. The envelope is AES-256-CBC; the key is
base64 of EncodingAESKey + “=”, the IV its first 16 bytes. Inside are 16 random bytes, the length of
the message (4 bytes, network order), the message and the AppID, padded as PKCS#7 to 32 bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""The padding's block; AES itself has blocks of 16."""
RANDOM = 16
HEAD = RANDOM + 4


class EnvelopeError(Exception):
    """What arrived is no envelope made with this key."""


class WrongAppId(EnvelopeError):
    """An envelope of another app under the same key."""


def signature(token: str, *parts: str) -> str:
    """Return the signature of timestamp, nonce (and ciphertext), 40 hex digits."""
    return hashlib.sha1("".join(sorted((token, *parts))).encode()).hexdigest()


def signed(given: str, token: str, *parts: str) -> bool:
    """Compare a signature with the right one, in constant time."""
    return hmac.compare_digest(
        signature(token, *parts).encode(), given.lower().encode("utf-8", "replace")
    )


def read_key(encoded: str) -> bytes:
    """Return the 32 bytes of an EncodingAESKey (43 characters); ValueError when it is none."""
    # Its last character holds two bits that no byte needs; Tencent's own example sets them.
    key = base64.b64decode(f"{encoded}=", validate=True)
    if len(encoded) != 43 or len(key) != 32:
        raise ValueError("an EncodingAESKey has 43 characters")
    return key


class Envelope:
    """Encrypts for and decrypts from one app.

    Args:
        key: :func:`read_key` of its EncodingAESKey.
        app_id: Stands in each envelope, so that one app's cannot be used for another.
    """

    def __init__(self, key: bytes, app_id: str) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))
        self._app_id = app_id.encode()

    def encrypt(self, message: bytes) -> str:
        """Return the ciphertext in base64."""
        plain = secrets.token_bytes(RANDOM) + struct.pack(">I", len(message)) + message
        plain += self._app_id
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, sealed: str) -> bytes:
        """Return the message.

        Raises:
            WrongAppId: It was made for another app.
            EnvelopeError: Anything else is wrong. Callers check the signature first, so that
                these answers tell nobody without the token anything about the key.
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
        except (binascii.Error, ValueError):
            raise EnvelopeError("not base64") from None
        if not raw or len(raw) % BLOCK:
            raise EnvelopeError("not whole blocks")
        decryptor = self._cipher.decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
        pad = plain[-1]
        if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise EnvelopeError("wrong padding")
        plain = plain[:-pad]
        if len(plain) < HEAD:
            raise EnvelopeError("too short")
        (length,) = struct.unpack(">I", plain[RANDOM:HEAD])
        message, app_id = plain[HEAD : HEAD + length], plain[HEAD + length :]
        if len(message) != length:
            raise EnvelopeError("wrong length")
        if not hmac.compare_digest(app_id, self._app_id):
            raise WrongAppId("made for another app")
        return message
