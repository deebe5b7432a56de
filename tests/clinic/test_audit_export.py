"""A trail can be checked by anybody, without us: with Python and nothing else."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from clinic.actions import checkpoints
from clinic.models import AuditEvent, Checkpoint, Site, User
from tests import factories

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_audit_export.py"


@pytest.fixture
def exported(here: Site, clinician: User, tmp_path: Path) -> Path:
    factories.assessment(here, clinician)
    checkpoints.sign()
    factories.patient(here)
    checkpoints.sign()
    file = tmp_path / "trail.ndjson"
    call_command("export_audit", here.slug, file)
    return file


def checked(file: Path, *key: str) -> subprocess.CompletedProcess[str]:
    """In a Python that knows none of our packages."""
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(file), *key]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own script


def test_an_honest_export_is_borne_out(here: Site, exported: Path) -> None:
    ran = checked(exported, Checkpoint.objects.all()[0].key)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"entries are as they were written: {here.slug}:" in ran.stdout
    assert AuditEvent.objects.filter(site=here).latest("seq").action == "site.export_audit"


def test_a_byte_that_is_another_is_found_wherever_it_is(exported: Path) -> None:
    """Each in turn, by the same functions in this process; in the first line only what announces the trail."""
    namespace: dict[str, object] = {"__name__": "verifier"}
    exec(compile(VERIFIER.read_text(), str(VERIFIER), "exec"), namespace)  # noqa: S102 -- our own script
    whole = exported.read_bytes()
    key = Checkpoint.objects.all()[0].key
    chance = random.Random(7)  # noqa: S311 -- the same places every time
    ends = [place for place in range(whole.index(b"\n"), len(whole) - 1) if whole[place : place + 1] == b"\n"]
    for place in [*ends, *chance.sample(range(whole.index(b"\n"), len(whole) - 1), 400)]:
        changed = bytearray(whole)
        changed[place] ^= chance.choice((1, 0x80))
        exported.write_bytes(changed)
        assert namespace["main"]([str(exported), key]) == 1, whole[place - 30 : place + 30]  # type: ignore[operator]


def test_another_key_is_not_ours(exported: Path) -> None:
    ran = checked(exported, "5866666666666666666666666666666666666666666666666666666666666666")
    assert ran.returncode == 1
    assert "not signed by the key" in ran.stderr


@pytest.mark.parametrize("text", ["", "{}", "[]\n[]", "no export"])
def test_what_is_no_export_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other"
    file.write_text(text)
    ran = checked(file)
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)


def test_an_export_is_for_its_owner_only(exported: Path) -> None:
    assert exported.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_over_and_an_unknown_site_is_named(here: Site, exported: Path) -> None:
    with pytest.raises(CommandError, match="nothing is written over"):
        call_command("export_audit", here.slug, exported)
    with pytest.raises(CommandError, match="There is no site"):
        call_command("export_audit", "nowhere", exported.with_suffix(".other"))
