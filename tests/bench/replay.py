"""A new version tried on many intakes: `python -m tests.bench.replay`. The whole of `manage.py replay_protocol`, on SQLite and PostgreSQL.

Every clinic is filled anew in a folder of its own and thrown away. Two are made on each database: one whose documents
are as large as the product writes them, and a larger one whose documents are cut to what a replay reads.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tests.bench import postgres
from tests.bench.lists import _created, _set_up

_ROOT = Path(__file__).parents[2]
_PROTOCOL = _ROOT / "fixtures" / "protocols" / "back-pain" / "1.0.0.toml"
# Who has had pain for some weeks more is no longer taken to have it for good: a change that reaches a few.
_CHANGE = ('when = "duration_days > 42"', 'when = "duration_days > 60"')


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the command took."""

    seconds: float
    processor: float
    megabytes: float
    said: str


def main() -> None:
    asked = _asked()
    if asked.fill:
        _set_up()
        from tests.bench.past import fill

        fill(asked.fill, whole=asked.whole_documents)
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yellowflag-bench-")))
        changed = folder / "changed.toml"
        changed.write_text(_PROTOCOL.read_text().replace(*_CHANGE).replace('version = "1.0.0"', 'version = "1.1.0"', 1))
        server = postgres.is_installed() and "sqlite" not in asked.only and stack.enter_context(postgres.private())
        for number, whole in ((asked.whole, True), (asked.size, False)):
            for name, url in _databases(folder, server or "", number, asked.only):
                _report(name, url, number, changed, whole=whole)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000, help="intakes with cut documents")
    parser.add_argument("--whole", type=int, default=5_000, help="intakes with documents as the product writes them")
    parser.add_argument("--only", default="", choices=["", "sqlite", "postgresql"])
    parser.add_argument("--fill", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--whole-documents", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _databases(folder: Path, server: str, number: int, only: str) -> Iterator[tuple[str, str]]:
    if only != "postgresql":
        yield "SQLite", f"sqlite:///{folder}/{number}.sqlite3"
    if server:
        yield "PostgreSQL", _created(server, f"yellowflag_replay_{number}")


def _report(name: str, url: str, number: int, changed: Path, *, whole: bool) -> None:
    environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    documents = "whole" if whole else "cut"
    fill = ["-m", "tests.bench.replay", "--fill", str(number), *(["--whole-documents"] if whole else [])]
    _show(f"\n{name}, {number:,} intakes, documents {documents}: filled in {_run(fill, environment).seconds:.0f} s")
    for title, protocol, options in (
        ("itself, 1 process", _PROTOCOL, ["--processes", "1"]),
        ("itself, 2 processes", _PROTOCOL, ["--processes", "2"]),
        ("the changed one, 2 processes", changed, ["--processes", "2"]),
    ):
        ran = _run(["manage.py", "replay_protocol", str(protocol), "--by", "bench-author", *options], environment)
        rate = number / ran.seconds
        took = f"{ran.seconds:>8.2f} s{ran.processor:>8.2f} s{rate:>12,.0f} /s{ran.megabytes:>6.0f} MB"
        _show(f"{title:<46}{took}  {_outcome(ran.said)}")


def _run(arguments: list[str], environment: dict[str, str]) -> Ran:
    """The time from start to end, that of the processor in all its processes, and the memory of the largest of them."""
    began = perf_counter()
    process = subprocess.Popen(  # noqa: S603 -- our own words only
        [sys.executable, *arguments], cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"failed: {' '.join(arguments)}")
    return Ran(perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def _outcome(said: str) -> str:
    reached = [line for line in said.splitlines() if line.endswith("advised otherwise")][-1]
    return reached.partition(", ")[2]


def _show(line: str) -> None:
    print(line, flush=True)  # noqa: T201  (a command that prints)


if __name__ == "__main__":
    main()
