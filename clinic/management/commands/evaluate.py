"""What a protocol says of the answers in a file."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from clinic import clock
from clinic.management.files import read_named_protocol, read_source
from triage.facts import AnswerErrors, AnswerFault, impossible_times
from triage.outcome import decide
from triage.wire import NotJson, place, read_json

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

    from triage.explanation import Document
    from triage.protocol import Protocol


class Command(BaseCommand):
    """Prints one JSON document for a set of answers, and a list for a list of sets."""

    help = "Evaluate the answers in a JSON file; nothing is stored."
    requires_system_checks: list[str] = []  # noqa: RUF012 -- Django's own declaration

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("protocol", help="back-pain for its newest version, or back-pain/1.0.0")
        parser.add_argument("file", help="answers, or a list of sets of answers, as JSON; - reads standard input")
        parser.add_argument(
            "--on", type=date.fromisoformat, help="the day of evaluation, YYYY-MM-DD; today in UTC if not given"
        )
        parser.add_argument("--summary", action="store_true", help="print a few plain lines for each patient")

    def handle(self, *, protocol: str, file: str, on: date | None, summary: bool, **options: Any) -> None:
        chosen = read_named_protocol(protocol)
        raw = _read(file)
        sets = raw if isinstance(raw, list) else [raw]
        outcomes = _outcomes(chosen, sets, on or clock.today(None), listed=isinstance(raw, list))
        if summary:
            pairs = zip(sets, outcomes, strict=True)
            self.stdout.write("\n\n".join("\n".join(_summary(n, *pair)) for n, pair in enumerate(pairs, 1)))
        else:
            document = outcomes if isinstance(raw, list) else outcomes[0]
            self.stdout.write(json.dumps(document, ensure_ascii=False, indent=2))


def _read(file: str) -> object:
    try:
        return read_json(read_source(file).removeprefix(BOM_UTF8))
    except NotJson as error:
        raise CommandError(f"{file} is not JSON: {error}", returncode=2) from error
    except AnswerErrors as error:
        raise _refusal(error.faults) from error


def _outcomes(protocol: Protocol, sets: list[object], on: date, *, listed: bool) -> list[Document]:
    """The outcome of every set, or every fault of all of them."""
    outcomes: list[Document] = []
    faults: list[AnswerFault] = []
    for position, each in enumerate(sets):
        path = f"[{position}]" if listed else ""
        answers = _answers(each)
        if answers is None:
            faults.append(AnswerFault(path or "the document", "is not a set of answers", "a table of answers"))
            continue
        faults += [place(fault, path) for fault in impossible_times(answers)]
        try:
            outcomes.append(decide(protocol, answers, on=on))
        except AnswerErrors as error:
            faults += [place(fault, path) for fault in error.faults]
    if faults:
        raise _refusal(faults)
    return outcomes


def _answers(raw: object) -> dict[str, object] | None:
    """The answers of a set, bare or beside the words for the patient."""
    if isinstance(raw, dict) and raw.keys() == {"patient", "answers"}:
        raw = raw["answers"]
    return raw if isinstance(raw, dict) else None


def _refusal(faults: tuple[AnswerFault, ...] | list[AnswerFault]) -> CommandError:
    return CommandError("\n".join(["The answers cannot be used:", *map(str, faults)]), returncode=2)


def _summary(number: int, raw: object, outcome: Document) -> Iterator[str]:
    words = raw.get("patient") if isinstance(raw, dict) else None
    yield f"{number}. {words or 'A patient'}"
    yield f"   {outcome['headline']}"
    for name in ("referrals", "deferred"):
        referrals = ", ".join(f"{each['title']} ({each['priority']})" for each in outcome[name])
        if referrals or name == "referrals":
            yield f"   {name.capitalize()}: {referrals or 'none'}"
    for reason in outcome["because"]:
        yield f"   Because: {reason['text']}"
    yield f"   Questions still open: {len(outcome['outstanding'])}"
