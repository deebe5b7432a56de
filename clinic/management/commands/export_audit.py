"""A site's trail as a file that anybody can check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction

from clinic.actions import audit, people
from clinic.management.copies import file_faults_told, unfinished
from clinic.models import AuditEvent, Checkpoint, Site

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator


class Command(BaseCommand):
    """Writes the trail with the checkpoints up to its end; `docs/verify_audit_export.py` checks it without us."""

    help = "Export a site's audit trail, or that of the system, to a new file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", metavar="SITE", help='the short name of the site, or "system"')
        parser.add_argument("file", metavar="FILE", type=Path)

    @transaction.atomic
    def handle(self, *, site: str, file: Path, **options: Any) -> None:
        found = None if site == "system" else Site.objects.filter(slug=site).first()
        if site != "system" and found is None:
            raise CommandError(f'There is no site "{site}".')
        if file.exists():
            raise CommandError(f"{file} is there already, and nothing is written over.")
        self._note(found)
        lines = [json.dumps(each, ensure_ascii=False) for each in _lines(found, site)]
        with file_faults_told(), unfinished(file) as part:  # for nobody else to read
            part.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.stdout.write(f"{file}: {len(lines)} lines. python3 docs/verify_audit_export.py {file} checks it.")

    def _note(self, site: Site | None) -> None:
        """An export is an entry too, the last one that is in it."""
        system = people.system()
        audit.record(action="site.export_audit", by=system, site=site, obj=site or system)


def _lines(site: Site | None, name: str) -> Iterator[dict[str, Any]]:
    entries = AuditEvent.objects.filter(site=site).order_by("seq")
    last, checkpoint = entries.last(), Checkpoint.objects.first()
    yield {
        "site": name,
        "trail": str(site.pk) if site else "system",
        "entries": last.seq if last else 0,
        "end": last.hash if last else "",
        "public_key": checkpoint.key if checkpoint else "",
    }
    for event in entries.iterator():
        yield {"entry": event.hashed(), "hash": event.hash}
    for each in Checkpoint.objects.order_by("seq").iterator():
        yield {"checkpoint": each.text, "signature": each.signature}
