"""Count one site's records day by day. Read only; what is counted is written by `clinic.actions.counting`.

Everything is counted on the day of the site on which it was recorded, from rows that never change: the trail says
which assessment an intake was completed with, decisions and steps of referrals have a day of
their own. So a day counted twice comes to the same, whatever happened since.
docs/data-dictionary.md says what each measure means.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from clinic import clock
from clinic.models import Assessment, AuditEvent, Decision, ReferralStatus, Stage
from triage.facts import NOT_SURE_ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from clinic.models import Site

TIMED = (Stage.ACCEPTED, Stage.SENT, Stage.RECEIVED, Stage.BOOKED, Stage.SEEN, Stage.CLOSED)
_AT_ONCE = 500  # assessments held in memory at a time


class Counted(NamedTuple):
    """What was counted: on which day, of which measure, which of them, by which protocol version."""

    day: date
    measure: str
    key: str
    release: str = ""


def count(site: Site, *, first: date, last: date) -> Counter[Counted]:
    """Every measure of a site, for the days from first to last, both included."""
    start, end = clock.begin(first, site), clock.begin(last + timedelta(days=1), site)
    counted: Counter[Counted] = Counter()
    counted.update(_completions(site, start, end))
    counted.update(_decisions(site, start, end))
    counted.update(_referral_steps(site, start, end))
    return counted


def _completions(site: Site, start: datetime, end: datetime) -> Iterator[Counted]:
    """What intakes were completed with, as it stood then."""
    entries = AuditEvent.objects.filter(site=site, action="intake.complete", at__gte=start, at__lt=end)
    completed = [(UUID(detail["assessment"]), at) for detail, at in entries.values_list("detail", "at")]
    for number in range(0, len(completed), _AT_ONCE):
        some = completed[number : number + _AT_ONCE]
        rows = Assessment.objects.filter(pk__in=[pk for pk, _ in some]).order_by()
        columns = rows.values_list("pk", "disposition", "outcome", "answers", *_release("release"))
        found = {pk: _Completed(*rest) for pk, *rest in columns.iterator(chunk_size=_AT_ONCE)}
        for pk, at in some:
            yield from _completion(found[pk], clock.day(at, site))


def _release(path: str) -> tuple[str, str]:
    """The columns that name a protocol's version."""
    return f"{path}__protocol", f"{path}__version"


class _Completed(NamedTuple):
    """As much of an assessment as is counted."""

    disposition: str
    outcome: dict[str, Any]
    answers: dict[str, Any]
    protocol: str
    version: str


def _completion(assessment: _Completed, day: date) -> Iterator[Counted]:
    outcome, release = assessment.outcome, f"{assessment.protocol}/{assessment.version}"
    rule = deciding_rule(outcome)
    yield Counted(day, "completed", assessment.disposition)
    yield Counted(day, "rule", rule, release)
    for finding in outcome["findings"]:
        if finding["state"] in ("present", "unsure"):
            yield Counted(day, f"flag_{finding['state']}", finding["flag"])
    unsure = [name for name, answer in assessment.answers.items() if answer["value"] == NOT_SURE_ANSWER]
    not_asked = [each["question"] for each in outcome["outstanding"]]
    for name in unsure:
        yield Counted(day, "not_sure", name)
    for name in not_asked:
        yield Counted(day, "not_asked", name)
    if unsure or not_asked:
        yield Counted(day, "rule_unknown", rule, release)


def deciding_rule(outcome: Mapping[str, Any]) -> str:
    """The rule that decided; `incomplete` where none did."""
    rules = [each["id"] for each in outcome["because"] if each["kind"] == "rule"]
    return str(rules[-1]) if rules else "incomplete"


def _decisions(site: Site, start: datetime, end: datetime) -> Iterator[Counted]:
    rows = Decision.objects.filter(site=site, at__gte=start, at__lt=end).order_by()
    columns = rows.values_list("at", "kind", "lowers", "assessment__outcome", *_release("assessment__release"))
    for at, kind, lowers, outcome, protocol, version in columns.iterator(chunk_size=_AT_ONCE):
        rule, release = deciding_rule(outcome), f"{protocol}/{version}"
        day = clock.day(at, site)
        yield Counted(day, f"decision_{kind}", rule, release)
        if lowers:
            yield Counted(day, "decision_lowered", rule, release)


def _referral_steps(site: Site, start: datetime, end: datetime) -> Iterator[Counted]:
    rows = ReferralStatus.objects.filter(site=site, at__gte=start, at__lt=end).order_by()
    columns = rows.values_list("at", "status", "referral__service", "referral__created_at")
    for at, status, service, proposed_at in columns.iterator(chunk_size=_AT_ONCE):
        day = clock.day(at, site)
        yield Counted(day, "referral", f"{service}|{status}")
        if status in TIMED:
            waited = clock.days_between(proposed_at, at, site)
            yield Counted(day, "days_to", f"{service}|{status}|{waited}")
