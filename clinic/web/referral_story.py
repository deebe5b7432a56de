"""Where a referral stands in one sentence, what it waits for, and every step that led there."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic import clock
from clinic.models import Lateness, Stage
from clinic.web.wording import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from clinic.models import Escalation, ReferralStatus, Site
    from clinic.web.wording import Words

TONES: Mapping[Stage, str] = {
    Stage.PROPOSED: "quiet",
    Stage.ACCEPTED: "information",
    Stage.SENT: "information",
    Stage.RECEIVED: "information",
    Stage.BOOKED: "information",
    Stage.SEEN: "done",
    Stage.CLOSED: "done",
    Stage.DECLINED: "caution",
    Stage.CANCELLED: "quiet",
}
WAITS_FOR: Mapping[Stage, Words] = {
    Stage.PROPOSED: gettext_lazy("A clinician accepts it or cancels it"),
    Stage.ACCEPTED: gettext_lazy("A clinician sends it"),
    Stage.SENT: gettext_lazy("The service confirms that it arrived"),
    Stage.RECEIVED: gettext_lazy("The service gives an appointment"),
    Stage.BOOKED: gettext_lazy("Somebody records whether the patient was seen"),
    Stage.SEEN: gettext_lazy("Somebody records what came of it"),
    Stage.DECLINED: gettext_lazy("A clinician sends it elsewhere or cancels it"),
}
_SENTENCES: Mapping[Stage, Words] = {
    Stage.PROPOSED: gettext_lazy("Proposed on %(day)s; no clinician has accepted it yet."),
    Stage.ACCEPTED: gettext_lazy("Accepted by %(who)s on %(day)s, and not sent yet."),
    Stage.SENT: gettext_lazy("Sent to %(where)s on %(day)s; nobody there has confirmed it yet."),
    Stage.RECEIVED: gettext_lazy("%(where)s has had it since %(day)s; there is no appointment yet."),
    Stage.BOOKED: gettext_lazy("The appointment is on %(appointment)s, with %(where)s."),
    Stage.SEEN: gettext_lazy("The patient has been seen by %(where)s; what came of it is not recorded yet."),
    Stage.CLOSED: gettext_lazy("Closed on %(day)s: nothing is waited for any more."),
    Stage.DECLINED: gettext_lazy("%(where)s declined it on %(day)s: it is back here, to be sent elsewhere."),
    Stage.CANCELLED: gettext_lazy("Cancelled by %(who)s on %(day)s."),
}
_WAS_BOOKED = gettext_lazy("The appointment was on %(appointment)s, with %(where)s; what came of it is not recorded.")
LATE: Mapping[int, Words] = {
    Lateness.CHASED: gettext_lazy("Late: chased"),
    Lateness.ESCALATED: gettext_lazy("Well past its time: escalated"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a referral is now."""

    tag: Tag
    sentence: str
    waits_for: Words
    due: datetime | None
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to it."""

    at: datetime
    by: str
    title: Words
    tone: str
    text: str = ""
    destination: str = ""
    appointment: date | None = None
    was_due: datetime | None = None


def standing(steps: Sequence[ReferralStatus], site: Site) -> Standing:
    """Told by its steps in order, of which there is at least one."""
    newest = steps[-1]
    stage = Stage(newest.status)
    return Standing(
        tag=tag(stage),
        sentence=sentence(steps, site),
        waits_for=WAITS_FOR.get(stage, ""),
        due=newest.due,
        is_overdue=newest.due is not None and newest.due < clock.now(),
    )


def tag(stage: Stage) -> Tag:
    return Tag(TONES[stage], stage.label)


def sentence(steps: Sequence[ReferralStatus], site: Site) -> str:
    newest = steps[-1]
    day = newest.appointment
    words = _WAS_BOOKED if day and day < clock.today(site) else _SENTENCES[Stage(newest.status)]
    told = words % {
        "day": date_format(clock.day(newest.at, site), "j F Y"),
        "who": newest.by.display_name,
        "where": _destination(steps) or _("the service"),
        "appointment": date_format(day, "l j F Y") if day else "",
    }
    return f"{told[:1].upper()}{told[1:]}"


def history(steps: Sequence[ReferralStatus], escalations: Sequence[Escalation]) -> list[Step]:
    """Every step, and every time that its lateness was acted on, newest first."""
    told = [*map(_step, steps), *map(_late, escalations)]
    return sorted(told, key=attrgetter("at"))[::-1]


def _step(status: ReferralStatus) -> Step:
    stage = Stage(status.status)
    return Step(
        at=status.at,
        by=status.by.display_name,
        title=stage.label,
        tone=TONES[stage],
        text=status.reason,
        destination=status.destination,
        appointment=status.appointment,
    )


def _late(escalation: Escalation) -> Step:
    return Step(
        at=escalation.at,
        by=escalation.by.display_name,
        title=LATE[escalation.level],
        tone="caution" if escalation.level == Lateness.CHASED else "emergency",
        text=str(WAITS_FOR.get(Stage(escalation.stage), "")) if escalation.stage else "",
        was_due=escalation.due,
    )


def _destination(steps: Sequence[ReferralStatus]) -> str:
    """To whom it was sent last."""
    return next((each.destination for each in reversed(steps) if each.destination), "")
