"""Are the secrets of second factors readable to somebody who holds only the database? No: they are sealed.

The secret of an authenticator app and the seed of the recovery codes are encrypted (Fernet: AES-128-CBC with
HMAC-SHA256) under a key that lies beside the database, in DEQI_HOME/seal.key, or comes from DEQI_SEAL_KEY.
Scheme and key derivation: https://github.com/fernet/spec ; SHA-256 of the key's text gives the 32 bytes, since
the text is itself random (50 bytes).

    >>> opened(sealed("JBSWY3DPEHPK3PXP"))
    'JBSWY3DPEHPK3PXP'
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

#: How a sealed text begins, so that one in the clear is known as such.
MARK = "sealed1:"


class SealBroken(Exception):
    """A sealed text does not open with this clinic's key."""


def fingerprint(key: str) -> str:
    """Sixteen hex digits that tell two keys apart and give neither away."""
    return hashlib.sha256(b"fingerprint of " + key.encode()).hexdigest()[:16]


def sealed(text: str) -> str:
    """`text`, readable only with the key. Sealing twice gives two different results."""
    return MARK + _lock().encrypt(text.encode()).decode()


def opened(text: str) -> str:
    """What was sealed; SealBroken when the key is another or the text was changed or never sealed."""
    if not text.startswith(MARK):
        raise SealBroken("this secret was never sealed: run deqi upgrade")
    try:
        return _lock().decrypt(text.removeprefix(MARK)).decode()
    except InvalidToken:
        raise SealBroken("sealed under another key: seal.key (or DEQI_SEAL_KEY) is not this database's")


def secrets_of(data: dict) -> Iterator[str]:
    """The sealed parts of one stored second factor."""
    yield from (data[name] for name in ("secret", "seed") if name in data)
    yield from data.get("migrated_codes") or ()


def faults(at_most: int | None = None) -> Iterator[str]:
    """What is wrong with stored second factors, in plain words. `at_most` rows are looked at, else all."""
    from allauth.mfa.models import Authenticator

    for row in Authenticator.objects.exclude(type="webauthn").order_by("pk")[:at_most]:
        for text in secrets_of(row.data):
            try:
                opened(text)
            except SealBroken as broken:
                yield f"second factor {row.pk} ({row.type}): {broken}"


def _lock() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(settings.SEAL_KEY.encode()).digest()))
