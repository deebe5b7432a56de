"""Sign the ends of all trails, so that what is kept elsewhere of it witnesses against a rewritten past."""

from __future__ import annotations

import hashlib
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import transaction

from clinic import clock
from clinic.models import AuditEvent, AuditHead, Checkpoint
from clinic.models.rows import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ORIGIN = "yellowflag audit checkpoint v1"
_FIRST = "0" * 64


@transaction.atomic
def sign() -> Checkpoint:
    """The next checkpoint: number, time, digest of the one before, and one line for each trail."""
    before = Checkpoint.objects.first()
    seq, now = (before.seq if before else 0) + 1, clock.now()
    ends = AuditHead.objects.order_by("site_id").values_list("site", "seq", "hash")
    lines = [_ORIGIN, str(seq), str(plain(now)), _digest(before)]
    text = "\n".join([*lines, *(f"{site or 'system'} {number} {digest}" for site, number, digest in ends), ""])
    key = Ed25519PrivateKey.from_private_bytes(settings.AUDIT_KEY)
    return Checkpoint.objects.create(
        seq=seq,
        at=now,
        text=text,
        signature=key.sign(text.encode()).hex(),
        key=key.public_key().public_bytes_raw().hex(),
    )


def _digest(checkpoint: Checkpoint | None) -> str:
    return hashlib.sha256(checkpoint.text.encode()).hexdigest() if checkpoint else _FIRST


def faults() -> Iterator[str]:
    """Each checkpoint that is not ours, not in its place, or that a trail does not bear out."""
    ours = Ed25519PrivateKey.from_private_bytes(settings.AUDIT_KEY).public_key().public_bytes_raw().hex()
    before: Checkpoint | None = None
    ends: dict[tuple[str, int], tuple[str, int]] = {}
    for each in Checkpoint.objects.order_by("seq"):
        if each.key in {ours, *settings.AUDIT_KEYS_BEFORE} and _is_signed(each):
            ends |= dict(_ends(each))
        else:
            yield f"checkpoint {each.seq}: not signed by a key of this clinic"
        if each.text.split("\n")[1:4:2] != [str((before.seq if before else 0) + 1), _digest(before)]:
            yield f"checkpoint {each.seq}: does not follow the one before it"
        before = each
    yield from _not_borne_out(ends)


def _ends(checkpoint: Checkpoint) -> Iterator[tuple[tuple[str, int], tuple[str, int]]]:
    for line in checkpoint.text.splitlines()[4:]:
        site, seq, digest = line.split(" ")
        yield (site, int(seq)), (digest, checkpoint.seq)


def _is_signed(checkpoint: Checkpoint) -> bool:
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.key))
    try:
        key.verify(bytes.fromhex(checkpoint.signature), checkpoint.text.encode())
    except InvalidSignature:
        return False
    return True


def _not_borne_out(ends: Mapping[tuple[str, int], tuple[str, int]]) -> Iterator[str]:
    """Where a trail has another entry than was signed."""
    for site, some in groupby(sorted(ends), key=itemgetter(0)):
        trail = AuditEvent.objects.filter(site=None if site == "system" else site)
        for seqs in _batches((seq for _, seq in some if seq), 500):
            stored = dict(trail.filter(seq__in=seqs).values_list("seq", "hash"))
            for seq in seqs:
                digest, checkpoint = ends[site, seq]
                if stored.get(seq) != digest:
                    yield f"checkpoint {checkpoint}: the trail of {site} had another entry {seq}"


def _batches(numbers: Iterable[int], size: int) -> Iterator[list[int]]:
    left = iter(numbers)
    while some := list(islice(left, size)):
        yield some
