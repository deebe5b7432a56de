"""The ends of the chains, written as anchors: what a restored copy must hold to be accepted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from clinic import guard
from clinic.actions import verifying
from clinic.models import AuditEvent, AuditHead, Site

if TYPE_CHECKING:
    from collections.abc import Iterator

_WRITTEN = re.compile(r"([A-Za-z0-9_-]+):(\d{1,18}):([0-9a-f]{16,64})")
_SYSTEM = "system"  # the chain of what belongs to no site


@dataclass(frozen=True, slots=True)
class Anchor:
    """The hash that an entry of a chain has."""

    chain: str
    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.chain}:{self.seq}:{self.hash[:16]}"

    def stands(self) -> bool:
        """Whether the chain still holds that entry."""
        chain = Q(site__isnull=True) if self.chain == _SYSTEM else Q(site__slug=self.chain)
        return AuditEvent.objects.filter(chain, seq=self.seq, hash__startswith=self.hash).exists()


def read(text: str) -> Anchor:
    """An anchor as it is printed; ValueError for anything else."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no anchor: it reads SITE:SEQ:HASH, with at least 16 digits of the hash")
    return Anchor(found[1], int(found[2]), found[3])


def newest() -> list[Anchor]:
    """One for each chain that has begun."""
    heads = AuditHead.objects.filter(seq__gt=0).select_related("site").order_by("site__slug")
    return [Anchor(head.site.slug if head.site else _SYSTEM, head.seq, head.hash) for head in heads]


def faults(expected: list[Anchor]) -> list[str]:
    """Each way in which the database is not the one that the anchors were taken of."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return ["it is of an earlier release of Yellowflag: restore it with that one, then upgrade"]
    missing = guard.faults()
    found = [f"the guard is not whole ({len(missing)} triggers, first {missing[0]})"] if missing else []
    found += [f"the chain of {name} is broken at entry {seq}" for name, seq in broken_chains()]
    return found + [f"the entry {anchor} is not there" for anchor in expected if not anchor.stands()]


def broken_chains() -> Iterator[tuple[str, int]]:
    for site in (None, *Site.objects.order_by("slug")):
        seq = verifying.first_broken(site)
        if seq is not None:
            yield site.slug if site else _SYSTEM, seq
