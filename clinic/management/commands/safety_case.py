"""Make the pages of the safety case, or check that they are those of today's protocol, proofs and tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from clinic.expectations import VIGNETTES, obligations_of
from clinic.management.files import FIXTURES
from clinic.management.safety_pages import pages
from triage.proofs import prove
from triage.reading import read_protocol
from triage.safety import gaps, read_safety_case

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator
    from pathlib import Path

    from triage.safety import SafetyCase

PAGES: Path = settings.BASE_DIR / "docs" / "safety"


class Command(BaseCommand):
    """Fails where a hazard has no control, a flag no hazard, or a control names what does not exist."""

    help = "Make docs/safety of fixtures/safety; with --check, say whether it is up to date and complete."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail if a page is not up to date")

    def handle(self, *, check: bool, **options: Any) -> None:
        faults = [f"{file.name}: {fault}" for file in _files() for fault in self._make(file, write=not check)]
        if faults:
            raise CommandError("\n".join(faults))

    def _make(self, file: Path, *, write: bool) -> list[str]:
        case, faults = read_safety_case(file.read_bytes())
        source = FIXTURES / "protocols" / case.protocol / f"{case.version}.toml"
        if faults or not source.is_file():
            return faults or [f"there is no protocol {case.protocol}/{case.version}"]
        protocol = read_protocol(source.read_bytes())
        owed = obligations_of(protocol)
        faults = [*gaps(case, protocol, owed), *_missing(case)]
        made = pages(case, protocol, owed, prove(protocol, owed))
        if write and not faults:
            for name, text in made.items():
                (PAGES / name).write_text(text, encoding="utf-8")
        self.stdout.write(f"{file.name}: {len(case.hazards)} hazards, {len(made)} pages")
        return [*faults, *(f"docs/safety/{name} is not up to date" for name in _stale(made))]


def _files() -> list[Path]:
    return sorted((FIXTURES / "safety").glob("*.toml"))


def _stale(made: dict[str, str]) -> Iterator[str]:
    for name, text in made.items():
        page = PAGES / name
        if not page.is_file() or page.read_text(encoding="utf-8") != text:
            yield name


def _missing(case: SafetyCase) -> Iterator[str]:
    """Vignettes and tests that a hazard names and that are not there."""
    for hazard in case.hazards:
        for name in hazard.vignettes:
            if not (VIGNETTES / case.protocol / f"{name}.toml").is_file():
                yield f"{hazard.id}: there are no vignettes {name}"
        for name in hazard.tests:
            file, _, test = name.partition("::")
            path = settings.BASE_DIR / file
            if not path.is_file() or (
                test and not re.search(rf"^def {test}\(", path.read_text(encoding="utf-8"), re.MULTILINE)
            ):
                yield f"{hazard.id}: there is no test {name}"
