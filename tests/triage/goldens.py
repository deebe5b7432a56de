"""What an engine says of many patients, kept for good: `python -m tests.triage.goldens check`, or `write` for a new engine.

Nothing but Python is needed, so that every interpreter can be asked for the same bytes. One patient
for each rule is kept with the whole outcome, all others with its digest.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from triage.engine import ENGINE_VERSION
from triage.outcome import decide_stored as decide
from triage.protocol import Protocol
from triage.reading import read_protocol
from triage.vignettes import ON, read_vignettes
from triage.wire import write_json

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDER = FIXTURES / "golden"
PROTOCOL = FIXTURES / "protocols" / "back-pain" / "1.0.0.toml"
_VIGNETTES = FIXTURES / "vignettes" / "back-pain"

Golden = dict[str, Any]


def file_of(engine: str) -> Path:
    return FOLDER / engine / "back-pain-1.0.0.json"


def patients() -> dict[str, dict[str, Any]]:
    """Every patient in words, and every fourth of them with every other answer missing."""
    files = [file.read_bytes() for file in sorted(_VIGNETTES.glob("*.toml"))]
    known = {
        each.id: dict(each.answers) for each in read_vignettes((_VIGNETTES / "baselines.toml").read_bytes(), files)
    }
    halves = {f"{name}, half": dict(list(answers.items())[::2]) for name, answers in list(known.items())[::4]}
    return {**known, **halves, "nobody asked": {}}


def make() -> list[Golden]:
    """The goldens of the engine as it is; dates and studies are read on the day of the vignettes."""
    protocol = read_protocol(PROTOCOL.read_bytes())
    seen: set[str] = set()
    return [_golden(protocol, name, answers, seen) for name, answers in patients().items()]


def _golden(protocol: Protocol, name: str, answers: dict[str, Any], seen: set[str]) -> Golden:
    outcome = decide(protocol, answers, on=ON)
    golden = {"id": name, "on": ON.isoformat(), "answers": answers, "sha256": _digest(outcome)}
    rule = outcome["because"][-1]["id"]
    if rule not in seen:
        seen.add(rule)
        golden["outcome"] = outcome
    return golden


def _digest(outcome: object) -> str:
    return hashlib.sha256(write_json(outcome)).hexdigest()


def read(engine: str) -> list[Golden]:
    goldens: list[Golden] = json.loads(file_of(engine).read_text(encoding="utf-8"))
    return goldens


def differences() -> Iterator[str]:
    """Of whom the engine says anything else than was kept of this very version."""
    protocol = read_protocol(PROTOCOL.read_bytes())
    for golden in read(ENGINE_VERSION):
        outcome = decide(protocol, golden["answers"], on=ON)
        if _digest(outcome) != golden["sha256"]:
            yield f"{golden['id']}: another outcome than was kept of engine {ENGINE_VERSION}"


def write() -> Path:
    """Keep what a new engine says; what is kept is never written again."""
    file = file_of(ENGINE_VERSION)
    if file.exists():
        sys.exit(
            f"What engine {ENGINE_VERSION} says is kept already: another outcome is another version of the engine."
        )
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(write_json(each).decode() for each in make())
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return file


def main() -> None:
    match sys.argv[1:]:
        case ["write"]:
            print(write().relative_to(FIXTURES))  # noqa: T201  (a command that prints)
        case ["check"]:
            faults = list(differences())
            number = len(read(ENGINE_VERSION))
            print(f"Python {sys.version.split()[0]}, engine {ENGINE_VERSION}: {number - len(faults)} of {number} alike")  # noqa: T201
            sys.exit("\n".join(faults) or None)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
