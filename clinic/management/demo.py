"""The demo clinic: invented people, taken through their intakes by the actions of the product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from clinic import clock, protocols
from clinic.actions import decisions, imaging, intakes, patients, people, referrals, sites, stops, tokens
from clinic.actions import protocols as releases
from clinic.actions.referral_steps import STEPS, Verb
from clinic.expectations import vignettes_of
from clinic.management.files import FIXTURES
from clinic.models import Assessment, DecisionKind, Intake, Patient, ReasonCode, Referral, Site, User
from clinic.permissions import Role
from triage.protocol import Disposition, Service
from triage.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from triage.protocol import Protocol
    from triage.questions import Question

PROTOCOL = "back-pain"
_SOURCE = FIXTURES / "protocols" / PROTOCOL / "1.0.0.toml"
_DETAILS = ("name", "emergency_number", "crisis_line", "emergency_department", "address", "phone", "time_zone")
_WEEKS_BACK = 84  # days over which the crowd comes
_ASKED_FIRST = "pain"  # the section with which every intake begins


def read_story() -> dict[str, Any]:
    """What the demo is made of, as its file says."""
    return read_toml((FIXTURES / "demo" / "clinic.toml").read_bytes())


def is_loaded(story: Mapping[str, Any]) -> bool:
    return Site.objects.filter(slug=story["sites"][0]["slug"]).exists()


@dataclass(frozen=True, slots=True)
class Clinic:
    """The places and the people of the demo, by the names that the story uses."""

    sites: Mapping[str, Site]
    users: Mapping[str, User]
    token: str

    def at_work(self, site: Site, *roles: Role) -> User:
        """The first of the demo's people who has one of the roles at the site."""
        return next(user for role in roles for user in self.users.values() if role in user.roles.get(site.pk, ()))


def evening(today: date, *, days_ago: int) -> AbstractContextManager[None]:
    """After the last patient of a day of the story."""
    return day(today, days_ago=days_ago, minute=9 * 60)


def day(today: date, *, days_ago: int, minute: int = 0) -> AbstractContextManager[None]:
    """A day of the story, some minutes after the clinic opened at nine."""
    opening = datetime.combine(today - timedelta(days=days_ago), time(9), tzinfo=UTC)
    return clock.at(opening + timedelta(minutes=minute))


def open_clinic(story: Mapping[str, Any]) -> Clinic:
    """Open the sites, add the people, publish the protocol and issue the integrator's token."""
    system = people.system()
    opened = {
        each["slug"]: sites.open(
            slug=each["slug"], details={"is_live": True, **{key: each[key] for key in _DETAILS}}, by=system
        )
        for each in story["sites"]
    }
    users: dict[str, User] = {}
    for each in story["people"]:
        by = users.get("admin", system)
        users[each["username"]] = _add(each, opened, story["password"], by=by)
    releases.publish(source=_SOURCE.read_bytes(), author=users["author"], by=users["approver"])
    token = tokens.issue(user=users["integrator"], name="Demo integration", by=users["admin"])
    return Clinic(opened, users, token)


def _add(each: Mapping[str, Any], opened: Mapping[str, Site], password: str, *, by: User) -> User:
    first, *others = each["sites"]
    user = people.add(
        site=opened[first],
        role=Role(each["role"]),
        username=each["username"],
        display_name=each["display_name"],
        password=password,
        by=by,
    )
    for other in others:
        people.grant(user=user, site=opened[other], role=Role(each["role"]), by=by)
    return user


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done with one patient's intake on one day of the story."""

    days_ago: int
    what: str
    case: Case

    def take(self, *, today: date, minute: int) -> None:
        """Do it on its day; `minute` counts the steps from the opening hour."""
        with day(today, days_ago=self.days_ago, minute=minute):
            self.case.take(self.what)


def steps_of(story: Mapping[str, Any], clinic: Clinic, *, today: date) -> list[Step]:
    """Every step of every patient, in the order of time; the last ones were taken yesterday."""
    vignettes = {each.id: each.answers for each in vignettes_of(PROTOCOL)}
    steps = []
    for each in [*story["patients"], *_crowd(story)]:
        later = vignettes[each.get("then", each["vignette"])]
        case = Case(clinic, each, vignettes[each["vignette"]], today, later=later)
        course = story["courses"][each["course"]]
        steps += [
            Step(max(each["began"] - n * each["pace"], 1), what, case)
            for n, day in enumerate(course)
            for what in day.split()
        ]
    return sorted(steps, key=lambda step: -step.days_ago)


def _crowd(story: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The patients that make the weeks full: named in turn, of many ages, spread over twelve weeks."""
    crowd = story["crowd"]
    groups = [group for group in crowd["groups"] for _ in range(group["number"])]
    for number, group in enumerate(groups):
        yield {
            "reference": f"DEMO-{101 + number}",
            "given_name": crowd["names"][number % len(crowd["names"])],
            "family_name": "Specimen" if group["site"] == "demo-hillside" else "Sample",
            "age": 21 + number * 7 % 38,
            "sex": ("female", "male")[number % 2],
            "began": group.get("within", _WEEKS_BACK) - number * 37 % (group.get("within", _WEEKS_BACK) - 5),
            "pace": 1 + number % 3,
            **group,
        }


class Case:
    """One patient of the demo and what is done with their intake; each step is a method."""

    patient: Patient
    intake: Intake

    def __init__(
        self,
        clinic: Clinic,
        person: Mapping[str, Any],
        answers: Mapping[str, object],
        today: date,
        *,
        later: Mapping[str, object],
    ) -> None:
        self.person, self.today = person, today
        self.answers, self.later = _own_answers(person, answers), _own_answers(person, later)
        site = self.site = clinic.sites[person["site"]]
        self.clerk = clinic.at_work(site, Role.CLERK, Role.CLINICIAN)
        self.clinician = clinic.at_work(site, Role.CLINICIAN)

    def take(self, step: str) -> None:
        getattr(self, step)()

    def register(self) -> None:
        born = self.today - timedelta(days=self.person["age"] * 1461 // 4 + 100)
        names = {key: self.person[key] for key in ("reference", "given_name", "family_name", "sex")}
        self.patient = patients.register(site=self.site, date_of_birth=born, by=self.clerk, **names)

    def begin(self) -> None:
        self.intake = intakes.open(patient=self.patient, by=self.clerk)
        self._answer(self.clerk, lambda question: question.section == _ASKED_FIRST and not _grows(question))

    def come_back(self) -> None:
        """A follow-up, at which the patient answers as they have become."""
        self.answers = self.later
        self.begin()

    def ask(self) -> None:
        self._answer(self.clerk, lambda question: not _grows(question))

    def examine(self) -> None:
        self._answer(self.clinician, lambda question: True)

    def complete(self) -> None:
        intakes.complete(intake=self.intake, by=self.clinician)

    def propose(self) -> None:
        referrals.propose(assessment=self._newest(), by=self.clinician)

    def accept_referrals(self) -> None:
        self._advance(Verb.ACCEPT, by=self.clinician)

    def send(self) -> None:
        protocol = _protocol(self.intake)
        for referral in self._referrals(Verb.SEND):
            name = f"{protocol.services[Service(referral.service)].title}, Demo General Hospital"
            referrals.advance(referral=referral, verb=Verb.SEND, destination=name, by=self.clinician)

    def receive(self) -> None:
        self._advance(Verb.RECEIVE, by=self.clerk)

    def book(self) -> None:
        self._advance(
            Verb.BOOK, by=self.clerk, appointment=clock.today(self.site) + timedelta(days=self.person["pace"])
        )

    def see(self) -> None:
        self._advance(Verb.SEE, by=self.clerk)

    def close(self) -> None:
        self._advance(Verb.CLOSE, by=self.clerk, reason="Six sessions; goes on at home.")

    def decline(self) -> None:
        self._advance(Verb.DECLINE, by=self.clerk, reason="No place before the spring.")

    def call_off(self) -> None:
        self._advance(Verb.CANCEL, by=self.clinician, reason="The patient does not want it any more.")

    def ask_for_scan(self) -> None:
        study = {"modality": "mri", "region": "lumbar", "status": "requested", "reason": "routine"}
        imaging.record(intake=self.intake, study=study, by=self.clerk)

    def scan(self) -> None:
        imaging.performed(intake=self.intake, number=1, on=clock.today(self.site), by=self.clerk)

    def report(self) -> None:
        text = "Age-related changes at two levels. No fracture, no compression."
        imaging.reported(intake=self.intake, number=1, finding=text, by=self.clerk)

    def class_report(self) -> None:
        imaging.classify(intake=self.intake, number=1, study_class="age_related", by=self.clinician)

    def accept(self) -> None:
        decisions.decide(assessment=self._newest(), kind=DecisionKind.ACCEPTED, by=self.clinician)

    def change(self) -> None:
        decisions.decide(
            assessment=self._newest(),
            kind=DecisionKind.CHANGED,
            reason=ReasonCode.MORE_URGENT,
            note="I want the diagnosis looked at again before treatment.",
            disposition=Disposition.MEDICAL_REVIEW,
            services=[],
            by=self.clinician,
        )

    def lower(self) -> None:
        decisions.decide(
            assessment=self._newest(),
            kind=DecisionKind.CHANGED,
            reason=ReasonCode.NEW_INFORMATION,
            note="Examined at once: the spinal team was rung and sees the patient this week.",
            disposition=Disposition.MEDICAL_REVIEW,
            services=[],
            by=self.clinician,
        )

    def reject(self) -> None:
        decisions.decide(
            assessment=self._newest(),
            kind=DecisionKind.REJECTED,
            reason=ReasonCode.ALREADY_IN_TREATMENT,
            note="Seen by the hospital last week; their letter is on record.",
            by=self.clinician,
        )

    def record_stop(self) -> None:
        text = "Sent on as the card says, with a letter; told the patient and whom to ring."
        stops.record(assessment=self._newest(), text=text, by=self.clinician)

    def correct(self) -> None:
        patients.correct(patient=self.patient, changes={"phone": "00000 000000"}, by=self.clerk)

    def cancel(self) -> None:
        intakes.cancel(intake=self.intake, reason="The patient is going to another practice.", by=self.clerk)

    def _advance(self, verb: Verb, **said: Any) -> None:
        for referral in self._referrals(verb):
            referrals.advance(referral=referral, verb=verb, **said)

    def _referrals(self, verb: Verb) -> list[Referral]:
        rows = Referral.objects.filter(assessment__intake=self.intake)
        return [each for each in rows if each.status in STEPS[verb].before]

    def _newest(self) -> Assessment:
        return Assessment.objects.newest().get(intake=self.intake)

    def _answer(self, by: User, is_asked: Any) -> None:
        questions = _protocol(self.intake).questions
        clinical = by == self.clinician
        given = {
            name: answer
            for name, answer in self.answers.items()
            if is_asked(questions[name]) and (clinical or questions[name].asked_by != "clinician")
        }
        intakes.answer(intake=self.intake, answers=given, by=by)


def _protocol(intake: Intake) -> Protocol:
    return protocols.get(intake.release)


def _grows(question: Question) -> bool:
    """Whether the answer counts days: it is asked last, so that it reads as the story has it."""
    return bool(question.days_since)


def _own_answers(person: Mapping[str, Any], answers: Mapping[str, object]) -> dict[str, object]:
    """The answers of the vignette as this person gives them; the age is in the patient's record."""
    own = {name: answer for name, answer in answers.items() if name != "age"}
    own["sex"] = person["sex"]
    if answers.get("first_onset_age") == answers.get("age"):
        own["first_onset_age"] = person["age"]
    return own
