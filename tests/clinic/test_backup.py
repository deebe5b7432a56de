"""The restore drill: a copy taken while people work comes back whole, and no other copy is accepted."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from time import sleep

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections

from clinic import guard
from clinic.actions import erasing, people
from clinic.management import anchors, copies
from clinic.models import AuditEvent, Patient, PatientKey, Site
from clinic.permissions import Role
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="about files of SQLite")


@pytest.fixture
def here() -> Site:
    site = factories.site()
    factories.assessment(site, factories.user(Role.CLINICIAN, site))
    return site


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """Turns the product to a database that holds nothing; afterwards to its own again."""
    own = connection.settings_dict["NAME"]
    name = str(tmp_path / "restored.sqlite3") if connection.vendor == "sqlite" else f"{own}_restored"

    def turn() -> str:
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        connection.close()
        connection.settings_dict["NAME"] = name
        return name

    yield turn
    connection.close()
    connection.settings_dict["NAME"] = own
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')


def run(*words: str) -> list[str]:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().splitlines()


@contextmanager
def somebody_at_work(here: Site) -> Iterator[list[int]]:
    """Patients are registered by another thread as long as it lasts, and counted."""
    done, ends, failed = [], Event(), []

    def work() -> None:
        try:
            clerk = factories.user(Role.CLERK, here)
            while not ends.is_set():
                factories.patient(here, by=clerk)
                done.append(1)
        except Exception as fault:  # noqa: BLE001 -- told below, by the test
            failed.append(fault)
        finally:
            connections.close_all()

    thread = Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        ends.set()
        thread.join(timeout=30)
    assert failed == []


def test_a_copy_taken_while_people_work_comes_back_whole(here: Site, empty: Callable[[], str], tmp_path: Path) -> None:
    file = tmp_path / "copy"
    with somebody_at_work(here) as done:
        while len(done) < 5:
            sleep(0.01)
        before = len(done)
        ends = run("backup", str(file))
        while len(done) < before + 5:
            sleep(0.01)
    written = Patient.objects.count()
    empty()
    told = run("restore", str(file), "--expect", *ends)
    assert {end for end in ends if not end.startswith("system")} < set(
        told
    )  # the restore itself is an entry of the system's
    assert told[-1].startswith("Accepted")
    assert before <= Patient.objects.count() < written
    assert Patient.objects.count() == Patient.history.count()
    assert guard.faults() == []
    factories.patient(Site.objects.get(slug=here.slug))  # and work goes on


def test_the_copy_and_its_keys_are_for_their_owner_only_and_alone(here: Site, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    ends = run("backup", str(file))
    assert {end.split(":")[0] for end in ends} >= {here.slug, "system"}
    files = [file, tmp_path / "copy.keys"]
    assert sorted(tmp_path.iterdir()) == files
    assert [each.stat().st_mode & 0o777 for each in files] == [0o600, 0o600]
    assert [AuditEvent.objects.filter(action="audit.backup").count()] == [1]


def test_nothing_is_overwritten(here: Site, tmp_path: Path) -> None:
    file = tmp_path / "copy"
    run("backup", str(file))
    kept = file.read_bytes()
    with pytest.raises(CommandError, match="there already"):
        run("backup", str(file))
    with pytest.raises(CommandError, match="already: nothing is overwritten"):
        run("restore", str(file))
    assert file.read_bytes() == kept
    assert Patient.objects.count() == 1


def cut_short(here: Site) -> None:
    """The newest entry is taken away and the end of the chain set back: whole in itself, an older state of things."""
    newest, before = AuditEvent.objects.filter(site=here).order_by("-seq")[:2]
    site = here.pk.hex if connection.vendor == "sqlite" else here.pk
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM clinic_auditevent WHERE site_id = %s AND seq = %s", [site, newest.seq])
        cursor.execute(
            "UPDATE clinic_audithead SET seq = %s, hash = %s WHERE site_id = %s", [before.seq, before.hash, site]
        )


def forged(here: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_auditevent SET actor_label = 'Somebody Else' WHERE seq = 2")


REFUSED = {
    "cut short": (cut_short, r"The copy is not accepted: the entry practice-\d+:\d+:[0-9a-f]{16} is not there\."),
    "forged": (forged, r"the chain of .* is broken at entry 2"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_copy_that_is_not_what_it_should_be_is_refused(
    kind: str, here: Site, empty: Callable[[], str], tmp_path: Path
) -> None:
    change, why = REFUSED[kind]
    ends = [str(anchor) for anchor in anchors.newest()]
    with guard.lowered():
        change(here)
    run("backup", str(tmp_path / "copy"))
    name = empty()
    with pytest.raises(CommandError, match=why):
        run("restore", str(tmp_path / "copy"), "--expect", *ends)
    if connection.vendor == "sqlite":
        assert not Path(name).exists()
        assert sorted(each.name for each in tmp_path.iterdir()) == ["copy", "copy.keys"]


def test_a_copy_without_its_guard_is_refused(here: Site, empty: Callable[[], str], tmp_path: Path) -> None:
    with guard.lowered():
        run("backup", str(tmp_path / "copy"))
    empty()
    with pytest.raises(CommandError, match="the guard is not whole"):
        run("restore", str(tmp_path / "copy"))


def test_a_file_that_is_no_copy_is_refused(here: Site, empty: Callable[[], str], tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("not a database, whatever it is called" * 100)
    (tmp_path / "copy.keys").touch()
    name = empty()
    with pytest.raises(CommandError, match=r"cannot be read|does not appear to be a valid archive"):
        run("restore", str(tmp_path / "copy"))
    assert connection.vendor == "postgresql" or not Path(name).exists()


@on_sqlite
@pytest.mark.parametrize(("damage", "why"), [("page", "damaged|cannot be read"), ("key", "leads nowhere")])
def test_a_damaged_database_is_not_copied(damage: str, why: str, empty: Callable[[], str], tmp_path: Path) -> None:
    source = tmp_path / "damaged.sqlite3"
    with closing(sqlite3.connect(source)) as file:
        file.execute("CREATE TABLE a (id integer PRIMARY KEY, b integer REFERENCES a (id), c text)")
        file.executemany("INSERT INTO a (b, c) VALUES (?, ?)", [(7000 if damage == "key" else 1, "x" * 90)] * 900)
        file.commit()
    if damage == "page":
        content = bytearray(source.read_bytes())
        content[8192:12288] = os.urandom(4096)
        source.write_bytes(content)
    connection.close()
    connection.settings_dict["NAME"] = str(source)
    with pytest.raises(CommandError, match=why):
        run("backup", str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()
    connection.settings_dict["NAME"] = empty()


@pytest.mark.parametrize("text", ["here:1", "here:1:abc", "here:x:0123456789abcdef", "a b:1:0123456789abcdef"])
def test_what_is_no_anchor_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "copy").touch()
    with pytest.raises(CommandError, match="is no anchor"):
        run("restore", str(tmp_path / "copy"), "--expect", text)


@pytest.mark.parametrize("words", [("backup", "nowhere/copy"), ("restore", "nowhere/copy")])
def test_a_place_that_is_not_there_is_told(words: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"No such file|There is no file"):
        run(words[0], str(tmp_path / words[1]))


@on_sqlite
def test_a_machine_that_has_nothing_yet_is_restored_from_the_command_line(here: Site, tmp_path: Path) -> None:
    ends = run("backup", str(tmp_path / "copy"))
    command = [sys.executable, "manage.py", "restore", str(tmp_path / "copy"), "--expect", *ends]
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
    for status, word in ((0, "Accepted"), (1, "nothing is overwritten")):
        ran = subprocess.run(  # noqa: S603
            command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
        )
        assert (ran.returncode, word in ran.stdout + ran.stderr) == (status, True), ran.stderr


def bytes_of_the_database() -> bytes:
    """The very file of SQLite with its log, or a dump of PostgreSQL in words."""
    if connection.vendor == "postgresql":
        dump = [copies._find("pg_dump"), f"--dbname={copies._conninfo()}"]
        return subprocess.run(dump, capture_output=True, check=True).stdout  # noqa: S603
    file = Path(connection.settings_dict["NAME"])
    return file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()


def test_no_file_holds_a_name_and_no_copy_a_key(here: Site, empty: Callable[[], str], tmp_path: Path) -> None:
    patient = factories.patient(here, given_name="Zephyrine", family_name="Mossgrove", reference="Quillfeather-77")
    canaries = [b"zephyrine", b"mossgrove", b"quillfeather"]
    key = PatientKey.objects.get(pk=patient.pk).sealed.encode()
    written = bytes_of_the_database()
    assert key in written
    assert not [each for each in canaries if each in written.lower()]
    run("backup", str(tmp_path / "copy"))
    assert key in (tmp_path / "copy.keys").read_bytes()
    copy = (tmp_path / "copy").read_bytes()
    if connection.vendor == "postgresql":
        in_words = [copies._find("pg_restore"), "--file=-", str(tmp_path / "copy")]
        copy = subprocess.run(in_words, capture_output=True, check=True).stdout  # noqa: S603
    assert here.name.encode() in copy
    assert not [each for each in (*canaries, key) if each in copy.lower() or each in copy]
    empty()
    run("restore", str(tmp_path / "copy"))
    assert str(Patient.objects.matching("moss").get()) == "Zephyrine Mossgrove"


def test_an_old_copy_does_not_bring_back_who_was_erased_since(
    here: Site, empty: Callable[[], str], tmp_path: Path
) -> None:
    erased, kept = factories.patient(here), factories.patient(here)
    run("backup", str(tmp_path / "old"))
    erasing.erase(patient=erased, reason="asked for it", by=people.system())
    later = factories.patient(here)
    run("backup", str(tmp_path / "new"))
    empty()
    run("restore", str(tmp_path / "old"), "--keys", str(tmp_path / "new.keys"))
    assert {each.pk: each.is_erased for each in Patient.objects.filter(pk__in=[erased.pk, kept.pk, later.pk])} == {
        erased.pk: True,
        kept.pk: False,
    }
    assert AuditEvent.objects.get(action="patient.erase").subject == erased.pk
    assert AuditEvent.objects.get(action="audit.restore").detail == {"erased": 1}
    assert "as they were written" in run("verify_audit")[0]


def test_keys_older_than_an_erasure_do_not_undo_it(here: Site, empty: Callable[[], str], tmp_path: Path) -> None:
    kept, erased = Patient.objects.get(), factories.patient(here)
    run("backup", str(tmp_path / "old"))
    erasing.erase(patient=erased, reason="asked for it", by=people.system())
    run("backup", str(tmp_path / "new"))
    empty()
    run("restore", str(tmp_path / "new"), "--keys", str(tmp_path / "old.keys"))
    assert {each.pk: each.is_erased for each in Patient.objects.all()} == {erased.pk: True, kept.pk: False}
    assert AuditEvent.objects.filter(action="patient.erase").count() == 1


def test_a_copy_that_is_told_to_end_leaves_nothing_behind(
    here: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies.key_files, "write", lambda _file: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(SystemExit):
        run("backup", str(tmp_path / "copy"))
    assert list(tmp_path.iterdir()) == []


FAULTY_KEYS = {
    "older than the copy": ('{"keys": [], "erased": []}', "keys of 1 patients are missing"),
    "cut short": ('{"keys": [["', "is no file of keys"),
    "something else": ("[]", "is no file of keys"),
    "a key too short": ('{"keys": [["a", "b"]], "erased": []}', "is no file of keys"),
}


@pytest.mark.parametrize("kind", FAULTY_KEYS)
def test_a_copy_is_refused_without_the_key_of_every_patient(
    kind: str, here: Site, empty: Callable[[], str], tmp_path: Path
) -> None:
    content, why = FAULTY_KEYS[kind]
    run("backup", str(tmp_path / "copy"))
    (tmp_path / "faulty").write_text(content)
    name = empty()
    with pytest.raises(CommandError, match=why):
        run("restore", str(tmp_path / "copy"), "--keys", str(tmp_path / "faulty"))
    assert connection.vendor == "postgresql" or not Path(name).exists()
