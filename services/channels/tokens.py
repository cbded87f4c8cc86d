"""Session tokens of residents: issued and signed by us, stored only as a hash.

A token is ``<conversation id>.<secret>.<signature>``. The signature refuses invented tokens
without asking the database; the hash lets one be revoked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets


class TokenSigner:
    """Makes and checks tokens with a key derived from the installation's data key."""

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"linda chat session 1", "sha256")

    def issue(self, conversation_id: str) -> str:
        """Return a new token for this conversation."""
        body = f"{conversation_id}.{secrets.token_urlsafe(24)}"
        return f"{body}.{self._sign(body)}"

    def conversation_of(self, token: str) -> str | None:
        """Return the conversation id if the signature is ours, else None."""
        body, _, signature = token.rpartition(".")
        if not body or not hmac.compare_digest(
            self._sign(body).encode(), signature.encode("utf-8", "replace")
        ):
            return None
        return body.partition(".")[0]

    def _sign(self, body: str) -> str:
        digest = hmac.digest(self._key, body.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
