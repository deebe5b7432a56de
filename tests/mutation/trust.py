"""Leave out each piece of the trust layer in turn: at least one test has to fail each time.

    python -m tests.mutation.trust [WORDS]     only the places in whose names the words are

The tests are run once, and which of them come by which place is noted; then each place is left out, and those tests are
run until one fails, in a copy of this process and on a copy of its database: those first that are named like the module or
come by few other places. Modules are changed as they are loaded, and no file is. The triggers of the database are taken away in turn by tests/clinic/test_guard.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from _pytest.runner import runtestprotocol

from tests.mutation import places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What cannot be noticed, and why.
WITH_THE_WHOLE = "whoever sees what it belongs to sees it: tests/clinic/test_permissions.py"
ALL_OR_NONE = "the assessments of an intake are seen together, and one of them is"
EXPLAINED = {
    "clinic/actions/people.py add: permissions.require": "`grant`, which ends it, asks the same",
    "clinic/admin/base.py PatientSearch _look_for: Patient.objects.visible_to": "the rows of those found are visible ones",
    "clinic/api/assessments.py AssessmentStops get: StopRecord.objects.visible_to": WITH_THE_WHOLE,
    "clinic/management/commands/backup.py Command handle: audit.record": "test_backup.py looks for it, in a database of its own",
    "clinic/actions/intakes.py reopen: permissions.require": "asked again under the lock; here so that nobody else is held up",
    "clinic/actions/key_copies.py bring_back: audit.record": "test_backup.py looks for it, in a database of its own",
    "clinic/web/changed.py since_then: Assessment.objects.visible_to": ALL_OR_NONE,
    "clinic/web/changed.py _notable: Assessment.objects.visible_to": ALL_OR_NONE,
    "clinic/web/imaging.py ImagingPage _studies: StudyEvent.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/pages.py StaffPage find: rows.visible_to again": "what an emergency access has just opened",
    "clinic/web/people.py FindPatient post: Patient.objects.visible_to": "of a site whose patients are seen",
    "clinic/web/people.py PatientPage _intakes: Intake.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/people.py PatientPage _referral_rows: Referral.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/recent.py work: Patient.objects.visible_to": "of a site whose patients are seen",
    "clinic/web/referrals.py ReferralPage _escalations: Escalation.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/referrals.py ReferralPage _letters: Letter.objects.visible_to": "asked before, with the same answer",
    "clinic/web/result_referrals.py ResultReferrals __init__: Referral.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/pages.py IntakePage urgent: Assessment.objects.to_act_on": "whoever sees the intake sees what is urgent of it",
    "clinic/web/stop_notices.py of_patient: Assessment.objects.to_act_on": "whoever sees the patient sees what is urgent",
    "clinic/web/stops.py StopPage _seen: Assessment.objects.to_act_on": "whoever sees the intake sees what is urgent of it",
    "clinic/web/stops.py StopPage _item: WorkItem.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/stops.py StopPage _records: StopRecord.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/timeline.py Timeline _referrals: ReferralStatus.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/raised.py RaisedPage _named: RaisedStop.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/stop_notices.py unsaved: RaisedStop.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/stop_notices.py unsaved_of_patient: RaisedStop.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/timeline.py Timeline _raised: RaisedStop.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/timeline.py Timeline _taken_back: TakenBack.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/timeline.py Timeline _stops: StopRecord.objects.visible_to": WITH_THE_WHOLE,
    "clinic/web/timeline.py Timeline _escalations: Escalation.objects.visible_to": WITH_THE_WHOLE,
}
# What starts servers and workers of its own is not changed in them; the rest of these take long and show no more.
LEFT = ("crashes", "killed_workers", "many_writers", "simulation", "demo", "commands", "backup", "fuzz", "intake_life")
MOST = 150  # tests for a place of which it is known that none can notice it
TESTS = ["tests/clinic", *(f"--ignore=tests/clinic/test_{each}.py" for each in LEFT)]


class EachInTurn:
    """What pytest does with the tests that it has found."""

    def __init__(self, words: str, folder: Path) -> None:
        self._words, self._template, self._found = words, folder / "template.sqlite3", folder / "found.json"
        self.survivors: list[str] = []
        self.tried = 0

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._open_database(session.items)
        self._in_a_copy(lambda: self._note_who_comes_by(session.items))
        items = {item.nodeid: item for item in session.items}
        by = json.loads(self._found.read_text())
        for place in (each for each in places.everywhere() if self._words in each):
            tests = by.get(place, [])[: MOST if place in EXPLAINED else None]
            self._try(place, [items[each] for each in tests])
        return True

    def _open_database(self, items: Sequence[pytest.Item]) -> None:
        """By one test, so that every copy begins with a database that is set up."""
        from django.db import connection

        first = next(item for item in items if "test_records.py" in item.nodeid)
        run([first], then=items[0])
        connection.close()
        self._database = Path(connection.settings_dict["NAME"])
        shutil.copy(self._database, self._template)

    def _in_a_copy(self, act: Callable[[], bool]) -> bool:
        """What was said in a copy of this process, on a copy of the database."""
        for each in self._database.parent.glob(f"{self._database.name}-*"):
            each.unlink()
        shutil.copy(self._template, self._database)
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            said = False
            try:
                said = act()
            finally:
                os._exit(int(said))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1

    def _note_who_comes_by(self, items: Sequence[pytest.Item]) -> bool:
        """By place: first the tests in the file of its name, then those that come by few other places, then the quick ones."""
        seconds = run(items)
        passed = Counter(test for tests in places.reached.values() for test in tests)

        def ordered(place: str, tests: set[str]) -> list[str]:
            named = _named_like(place)
            return sorted(tests, key=lambda test: (not named.match(test), passed[test], seconds[test]))

        by = {place: ordered(place, tests & seconds.keys()) for place, tests in places.reached.items()}
        self._found.write_text(json.dumps(by))
        return True

    def _try(self, place: str, tests: list[pytest.Item]) -> None:
        def leave_out() -> bool:
            places.left_out = place
            return len(run(tests, until_one_fails=True)) < len(tests)

        said = "noticed" if self._in_a_copy(leave_out) else EXPLAINED.get(place, "NOT NOTICED")
        if said == "NOT NOTICED":
            self.survivors.append(place)
        self.tried += 1
        say(f"{said}  {place}  ({len(tests)} tests come by)")


def _named_like(place: str) -> re.Pattern[str]:
    """The file of the tests that is named like the module of a place: test_people.py for clinic/actions/people.py."""
    return re.compile(rf".*/test_(admin_|web_|api_)?{Path(place.split()[0]).stem}\.py::")


def run(
    items: Sequence[pytest.Item], *, then: pytest.Item | None = None, until_one_fails: bool = False
) -> dict[str, float]:
    """The seconds that each test took that passed; what is set up for all of them stays."""
    seconds: dict[str, float] = {}
    following = [*items[1:], then or items[-1]] if items else []
    for item, after in zip(items, following, strict=True):
        failed = item.session.testsfailed
        reports = runtestprotocol(item, nextitem=after)
        if item.session.testsfailed == failed:  # subtests too are counted there, and only there
            seconds[item.nodeid] = sum(report.duration for report in reports)
        elif until_one_fails:
            break
    return seconds


def say(words: str) -> None:
    sys.__stdout__.write(f"{words}\n")  # type: ignore[union-attr]  # there is one
    sys.__stdout__.flush()  # type: ignore[union-attr]


def main(words: str) -> int:
    if gone := EXPLAINED.keys() - set(places.everywhere()):
        sys.exit(f"Explained and not there: {', '.join(sorted(gone))}")
    sys.meta_path.insert(0, places.MarkedFinder())
    with TemporaryDirectory() as folder:
        turns = EachInTurn(words, Path(folder))
        pytest.main(["-q", "-p", "no:cacheprovider", "--capture=sys", *TESTS], plugins=[turns])
    say(f"{turns.tried - len(turns.survivors)} of {turns.tried} noticed or explained")
    return 1 if turns.survivors or not turns.tried else 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:])))
