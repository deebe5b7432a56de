"""Seals what must not be read off a disk, a copy or a log of the database.

AES-SIV (RFC 5297) with keys of 64 bytes: the same text in the same place gives the same bytes, and opens in no other
place. What the database keeps keys in lies under the ring, the keys of the environment. See docs/adr/0019-identifiers-are-sealed.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_RING_ID = b"yf-ring-v1\0"


class Unreadable(Exception):
    """It lies under a key that is not in the ring, or it is not what was sealed in this place."""


def new_key() -> bytes:
    return AESSIV.generate_key(512)


def seal(content: bytes, key: bytes, *, place: list[bytes]) -> str:
    """The content sealed, as text; `place` is what it is bound to."""
    return base64.b64encode(AESSIV(key).encrypt(content, place)).decode()


def unseal(sealed: str, key: bytes, *, place: list[bytes]) -> bytes:
    try:
        return AESSIV(key).decrypt(base64.b64decode(sealed), place)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("What is stored here is not what was sealed here.") from error


def newest_of_ring() -> str:
    """The name of the key that everything is to lie under."""
    return next(iter(ring()))


def key_of_ring(name: str) -> bytes:
    try:
        return ring()[name]
    except KeyError:
        raise Unreadable(f"The key {name} is not in YELLOWFLAG_PATIENT_KEYS.") from None


def ring() -> Mapping[str, bytes]:
    """The keys of the environment by name, the newest first."""
    return _named(tuple(settings.PATIENT_KEYS))


@cache
def _named(keys: tuple[bytes, ...]) -> Mapping[str, bytes]:
    return {hashlib.sha256(_RING_ID + key).hexdigest()[:16]: key for key in keys}


def digest(words: str, key: bytes) -> int:
    """A number of 64 bits by which equal words are found, and which tells nobody without the key what they are."""
    made = hmac.digest(key, words.encode(), "sha256")
    return int.from_bytes(made[:8], signed=True)
