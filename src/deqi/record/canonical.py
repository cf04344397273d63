"""One fixed spelling of plain values as JSON, the same on either database, and its fingerprint.

Audit entries, signed visits, inputs of reviews and questionnaires are hashed so: changing the spelling would break
every fingerprint that is kept.

Example:
    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    >>> sha256_of({"b": 1, "a": 2}) == sha256_of({"a": 2, "b": 1})
    True
"""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Keys in order, no blanks, letters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256_of(value: Any) -> str:
    """SHA-256 of `canonical(value)` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
