"""What no linter knows about this house. Every check also proves that it looked at something."""

import ast
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROTOCOLS = ROOT / "fixtures" / "protocols"
BACK_PAIN = PROTOCOLS / "back-pain" / "1.0.0.toml"
DOORS = ("web", "api", "admin", "management")
WRITES = frozenset(
    {
        *("save", "create", "delete", "update_or_create", "get_or_create", "bulk_create", "bulk_update"),
        *("asave", "acreate", "adelete", "aupdate_or_create", "aget_or_create", "abulk_create", "abulk_update"),
    }
)
WORLD = frozenset({"asyncio", "http", "logging", "os", "random", "secrets", "socket", "sqlite3", "subprocess", "time"})
CLOCKS = frozenset({"now", "today", "utcnow"})


def sources(folder: Path) -> list[tuple[Path, ast.Module]]:
    """Every Python file below a folder, parsed; no file at all is an error."""
    files = sorted(folder.rglob("*.py"))
    assert files, f"{folder} holds no Python file"
    return [(file.relative_to(ROOT), ast.parse(file.read_text())) for file in files]


def method_calls(tree: ast.Module, names: frozenset[str]) -> list[str]:
    """Where a method of one of these names is called, as "line: name"."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [
        f"{call.lineno}: {call.func.attr}"
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr in names
    ]


def imported_packages(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "import by the full name"
            yield str(node.module).split(".")[0]


@pytest.mark.parametrize("door", DOORS)
def test_a_door_writes_only_through_actions(door: str):
    files = sources(ROOT / "clinic" / door)
    assert {str(file): calls for file, tree in files if (calls := method_calls(tree, WRITES))} == {}


def test_a_write_in_a_door_is_noticed():
    door = ast.parse("def post(request):\n    patient.full_clean()\n    patient.save()\n")
    assert method_calls(door, WRITES) == ["3: save"]


def test_the_engine_knows_neither_the_world_nor_the_clock():
    allowed = sys.stdlib_module_names - WORLD | {"triage"}
    for file, tree in sources(ROOT / "triage"):
        foreign = {package for package in imported_packages(tree) if package not in allowed}
        if file.stem in ("comparison", "proofs"):
            foreign -= {"time"}  # a stopwatch: what they state says how long it took, and nothing hangs on it
        assert not foreign, f"{file} imports {foreign}"
        assert not method_calls(tree, CLOCKS), f"{file} looks at the clock"


def test_a_look_at_the_clock_is_noticed():
    engine = ast.parse("import time\nfrom datetime import date\ndate.today()\n")
    assert set(imported_packages(engine)) & WORLD == {"time"}
    assert method_calls(engine, CLOCKS) == ["3: today"]


def published() -> list[dict[str, str]]:
    return tomllib.loads((PROTOCOLS / "published.toml").read_text())["published"]


def test_a_published_protocol_is_never_edited():
    releases = published()
    assert releases, "no protocol is published"
    for release in releases:
        source = PROTOCOLS / release["id"] / f"{release['version']}.toml"
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        assert digest == release["sha256"], f"{source.relative_to(ROOT)} has changed: publish a new version instead"


def test_every_protocol_in_the_house_is_published():
    known = {(release["id"], release["version"]) for release in published()}
    files = {(file.parent.name, file.stem) for file in PROTOCOLS.glob("*/*.toml")}
    assert files == known


def test_only_the_demo_sets_the_clock():
    files = list((ROOT / "clinic").rglob("*.py"))
    assert len(files) > 50
    setters = {file.name for file in files if "clock.at(" in file.read_text(encoding="utf-8")}
    assert setters == {"demo.py"}


def test_only_the_clock_turns_a_moment_into_a_day():
    files = [file for file in (ROOT / "clinic").rglob("*.py") if file != ROOT / "clinic/clock.py"]
    assert len(files) > 50
    cuts = re.compile(r"\.date\(\)|localdate|localtime|date\.today|datetime\.now|utcnow|make_aware")
    assert [file.name for file in files if cuts.search(file.read_text(encoding="utf-8"))] == []


DIAGNOSIS_WORDS = ("psychosomatic", "hysterical", "all in your head", "all in the mind", "nothing wrong")


def test_no_text_that_a_person_sees_puts_a_label_on_the_patient():
    shown = [file for kind in ("*.html", "*.py", "*.typ", "*.js", "*.po") for file in (ROOT / "clinic").rglob(kind)]
    seen = [BACK_PAIN, *shown, *(ROOT / "fixtures/locale").rglob("*.po")]
    assert {file.suffix for file in seen} == {".toml", ".html", ".py", ".typ", ".js", ".po"}
    texts = {path: path.read_text(encoding="utf-8").lower() for path in seen}
    assert [(path.name, word) for path, text in texts.items() for word in DIAGNOSIS_WORDS if word in text] == []
