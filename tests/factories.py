"""Invented people and places for tests, made by the same actions as everywhere else."""

import hashlib
import tomllib
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from clinic import protocols
from clinic.actions import break_glass, intakes, patients, people, proving, sites
from clinic.actions import protocols as releases
from clinic.expectations import digest_of_obligations
from clinic.models import Assessment, BreakGlass, Intake, Patient, ProtocolRelease, Site, User
from clinic.permissions import Role

FIXTURES = Path(__file__).parent.parent / "fixtures"
BACK_PAIN = (FIXTURES / "protocols" / "back-pain" / "1.0.0.toml").read_bytes()
BASELINES = tomllib.loads((FIXTURES / "vignettes" / "back-pain" / "baselines.toml").read_text())
# That the shipped protocol holds is proved in tests/triage; here it is taken as proved, or every run would take seconds more.
PROVED = {
    "proofs": [
        {"says": "Nobody is waited with.", "invariant": "F2", "holds": True, "counterexample": [], "answers": {}}
    ],
    "obligations": digest_of_obligations("back-pain"),
    "space": "1",
    "nodes": 1,
    "milliseconds": 1,
    "vignettes": {"tried": 1, "faults": []},
    "holds": True,
}
proving._documents[hashlib.sha256(BACK_PAIN).hexdigest()] = PROVED
PASSWORD = "quiet-lanterns-on-the-hill"  # noqa: S105 -- of people who do not exist

_number = count(1)


def site(**details: object) -> Site:
    """A live site."""
    number = next(_number)
    known = {
        "name": f"Practice {number}",
        "emergency_number": "999",
        "crisis_line": "111",
        "emergency_department": "County Hospital",
        "address": "1 Example Road",
        "phone": "01632 960000",
        "is_live": True,
    }
    return sites.open(slug=f"practice-{number}", details=known | details, by=people.system())


def user(role: Role, at: Site, **details: Any) -> User:
    """Somebody who works at a site in one role, whose password is PASSWORD."""
    number = next(_number)
    known = {"username": f"{role}-{number}", "display_name": f"{role.label} {number}", "password": PASSWORD}
    return people.add(site=at, role=role, by=people.system(), **known | details)


def patient(at: Site, **details: Any) -> Patient:
    """A patient of 42 years."""
    number = next(_number)
    known = {
        "reference": f"P{number}",
        "given_name": "Ada",
        "family_name": f"Example{number}",
        "date_of_birth": born(years=42),
        "sex": "female",
    }
    by = details.pop("by", None) or user(Role.CLERK, at)
    return patients.register(site=at, by=by, **known | details)


def born(*, years: int) -> date:
    """The birthday, on a first of January, of somebody of that age today."""
    today = date.today()  # noqa: DTZ011 -- the tests' clock is in UTC
    return date(today.year - years, 1, 1)


def published_release() -> ProtocolRelease:
    """The back pain protocol as it is shipped, published by an approver."""
    return protocols.newest("back-pain") or publish(BACK_PAIN)


def publish(source: bytes) -> ProtocolRelease:
    """A protocol file, published by an approver for an author."""
    author, approver = author_and_approver()
    return releases.publish(source=source, author=author, by=approver)


def author_and_approver() -> tuple[User, User]:
    """The two people that it takes, at a site of their own."""
    at = site()
    return user(Role.AUTHOR, at), user(Role.APPROVER, at)


def open_intake(at: Site, by: User | None = None) -> Intake:
    """An intake of a new patient, opened by a clerk unless somebody else is named."""
    published_release()
    return intakes.open(patient=patient(at), by=by or user(Role.CLERK, at))


def answers(baseline: str = "clear_adult", **changed: object) -> dict[str, object]:
    """A whole set of answers with some changed; age and sex are the patient's own, so they are left out."""
    return {name: value for name, value in (BASELINES[baseline] | changed).items() if name not in ("age", "sex")}


def assessment(at: Site, by: User, baseline: str = "clear_adult", **changed: object) -> Assessment:
    """The newest assessment of a new, wholly answered intake; `by` is a clinician."""
    return intakes.answer(intake=open_intake(at), answers=answers(baseline, **changed), by=by)


def emergency_access(to: Patient, by: User) -> BreakGlass:
    """To a patient of another site, by a clinician."""
    known = {"reference": to.reference, "date_of_birth": to.date_of_birth, "reason": "urgent"}
    access = break_glass.start(site=to.site, note="Numb saddle since this morning.", by=by, **known)
    assert access is not None
    return access
