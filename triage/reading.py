"""Read a protocol file. Every fault is reported at once, each with its place and a plain sentence."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from triage.checking import check_references
from triage.conditions import parse
from triage.instruments import Band, Instrument
from triage.protocol import (
    LEVELS,
    PRIORITIES,
    Action,
    Disposition,
    Exclusion,
    Fact,
    Flag,
    Incomplete,
    Level,
    MustHold,
    Permit,
    Protocol,
    Recommendation,
    Rule,
    Section,
    Service,
    Source,
    Step,
    Task,
    Text,
    Urgency,
    Wording,
)
from triage.questions import Option, Question, QuestionType
from triage.tables import Table
from triage.toml import NotToml, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_Word = TypeVar("_Word", Disposition, Service)
STATUSES = ("current", "withdrawn", "expired", "background")
AGE, FIRST_ONSET_AGE = "age", "first_onset_age"  # ids that are a contract with integrators
_ONSET = "the age at which it first began is not above the age of the patient"
_BIRTH = "nothing is older than the patient"
UNCERTAIN_UNIT = (
    "years"  # an age is often not known exactly: such a number may be an interval unless a protocol says no
)


class ProtocolError(ValueError):
    """A protocol file that cannot be used; `faults` names all that is wrong with it."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@lru_cache(maxsize=16)  # proving, comparing and publishing a draft each read its text, and nothing changes a protocol
def read_protocol(source: bytes) -> Protocol:
    """The protocol that the bytes of a TOML file state; raises ProtocolError."""
    faults: list[str] = []
    root = Table(_parse(source), "", faults)
    protocol = _protocol(root, hashlib.sha256(source).hexdigest())
    root.note_unread()
    faults += check_references(protocol)
    if faults:
        raise ProtocolError(faults)
    return protocol


def _parse(source: bytes) -> Mapping[str, object]:
    try:
        return read_toml(source)
    except NotToml as error:
        raise ProtocolError([str(error)]) from error


def _protocol(root: Table, digest: str) -> Protocol:
    head = root.table("protocol")
    scales = root.table("scales")
    items = [_question(each, scales) for each in root.tables("questions")]
    questions = {question.id: question for question in items}
    imaging = root.table("imaging", required=False)
    return Protocol(
        id=head.text("id"),
        version=head.text("version"),
        title=head.text("title"),
        summary=head.text("summary"),
        signed_off=head.truth("signed_off"),
        review_due=head.day("review_due"),
        fresh_days=head.number("fresh_days"),
        cites=head.words("cites"),
        digest=digest,
        sources={
            each.id: each
            for each in (
                *map(_source, root.tables("sources")),
                *map(_assumption, root.tables("assumptions")),
            )
        },
        sections=tuple(map(_section, root.tables("sections"))),
        questions=questions,
        instruments={each.id: each for each in (_instrument(table, questions) for table in root.tables("instruments"))},
        facts={
            **{name: _fact(name, each) for name, each in root.table("facts").named()},
            **{
                name: _fact(name, each, per_study=True) for name, each in imaging.table("facts", required=False).named()
            },
        },
        levels={name: _level(name, each) for name, each in root.table("levels").named()},
        imaging_question=imaging.text("question", default=""),
        actions={each.id: each for each in map(_action, root.tables("actions"))},
        flags=tuple(map(_flag, root.tables("flags"))),
        rules=tuple(map(_rule, root.tables("rules"))),
        incomplete=_incomplete(root.table("incomplete")),
        exclusions=tuple(map(_exclusion, root.tables("exclusion"))),
        texts=tuple(map(_text, root.tables("texts"))),
        dispositions=_wordings(root.table("dispositions"), Disposition),
        services=_wordings(root.table("services"), Service),
        must_hold=tuple(_must_hold(root, questions)),
    )


def _must_hold(root: Table, questions: Mapping[str, Question]) -> Iterator[MustHold]:
    """What the file states; one that says nothing of it gets what holds of every life."""
    if "must_hold" in root:
        yield from map(_stated, root.tables("must_hold"))
    elif AGE in questions and questions[AGE].type is QuestionType.INTEGER:
        counted = {name: question for name, question in questions.items() if not question.safety}
        yield from _of_every_life(counted) if AGE in counted else ()


def _stated(table: Table) -> MustHold:
    name, says = table.text("id"), table.text("says")
    after_birth = table.text("after_birth", default="")
    if after_birth:
        return MustHold(id=name, questions=(AGE, after_birth), says=says)
    when = table.required_condition("when")
    read = tuple(dict.fromkeys(each for part in when.walk() for each in part.names))
    one, other = (*read, "", "")[:2] if len(read) <= 2 else ("", "")
    return MustHold(id=name, questions=(one, other), says=says, when=when)


def _of_every_life(questions: Mapping[str, Question]) -> Iterator[MustHold]:
    onset = questions.get(FIRST_ONSET_AGE)
    if onset and onset.type is QuestionType.INTEGER:
        when = parse(f"{AGE} >= {FIRST_ONSET_AGE}")
        yield MustHold(id=FIRST_ONSET_AGE, questions=(AGE, FIRST_ONSET_AGE), says=_ONSET, when=when)
    for question in questions.values():
        is_dated = question.type in (QuestionType.DATE, QuestionType.STUDIES)
        if is_dated or question.is_time:
            yield MustHold(id=question.id, questions=(AGE, question.id), says=_BIRTH)


def _source(table: Table) -> Source:
    return Source(
        id=table.text("id"),
        citation=table.text("citation"),
        status=table.word("status", STATUSES),
        use=table.text("use", default=""),
        checked_on=table.day("checked_on"),
    )


def _assumption(table: Table) -> Source:
    return Source(id=table.text("id"), citation=table.text("text"), status="assumption")


def _section(table: Table) -> Section:
    return Section(id=table.text("id"), title=table.text("title"), intro=table.text("intro", default=""))


def _question(table: Table, scales: Table) -> Question:
    kind = QuestionType(table.word("type", tuple(QuestionType)))
    options = tuple(
        Option(value=each.text("value"), label=each.text("label"))
        for each in table.tables("options", required=kind in ("choice", "choices"))
    )
    low, high = (0, 0)
    unit = table.text("unit", default="")
    safety, since = table.truth("safety", default=False), table.text("days_since", default="")
    exact = safety or bool(since)
    if kind is QuestionType.INTEGER:
        low, high = table.number("min"), table.number("max")
    if kind is QuestionType.SCALE:
        labels = scales.words(table.text("scale"))
        options = tuple(Option(value=str(i), label=label) for i, label in enumerate(labels))
        high = len(options) - 1
    return Question(
        id=table.text("id"),
        section=table.text("section"),
        text=table.text("text"),
        type=kind,
        group=table.text("group", default=""),
        hint=table.text("hint", default=""),
        options=tuple(each for each in options if each.value != "not_sure"),
        low=low,
        high=high,
        unit=unit,
        safety=safety,
        ask_when=table.condition("ask_when", required=False),
        asked_by=table.word("asked_by", ("", "clinician"), default=""),
        days_since=since,
        interval=table.truth("interval", default=kind is QuestionType.INTEGER and unit == UNCERTAIN_UNIT and not exact),
        lasting=table.truth("lasting", default=False),
        codes=table.strings("codes"),
    )


def _instrument(table: Table, questions: Mapping[str, Question]) -> Instrument:
    items = table.words("items")
    return Instrument(
        id=table.text("id"),
        name=table.text("name"),
        items=items,
        scoring=table.word("scoring", ("sum", "mean"), default="sum"),
        maximum=sum(questions[item].high for item in items if item in questions),
        total=table.text("total", default=""),
        bands=tuple(Band(each.number("from"), each.text("label")) for each in table.tables("bands", required=False)),
        licence=table.text("licence"),
        attribution=table.text("attribution"),
        codes=table.strings("codes"),
        cites=table.words("cites"),
    )


def _fact(name: str, table: Table, *, per_study: bool = False) -> Fact:
    return Fact(
        id=name,
        when=table.required_condition("when"),
        means=table.text("means"),
        per_study=per_study,
        cites=table.words("cites"),
    )


def _level(name: str, table: Table) -> Level:
    steps = tuple(
        Step(when=each.required_condition("when"), means=each.text("means")) for each in table.tables("steps")
    )
    return Level(id=name, means=table.text("means"), steps=steps, cites=table.words("cites"))


def _action(table: Table) -> Action:
    return Action(id=table.text("id"), text=table.text("text"), who=table.text("who"))


def _flag(table: Table) -> Flag:
    return Flag(
        id=table.text("id"),
        title=table.text("title"),
        group=table.text("group"),
        when=table.required_condition("when"),
        level=Urgency(table.word("level", LEVELS)),
        not_sure=Urgency(table.word("not_sure", LEVELS, default=Urgency.FOURTEEN_DAYS)),
        because=table.text("because"),
        cites=table.words("cites"),
        actions=table.words("actions"),
        not_sure_actions=table.words("not_sure_actions"),
        allows=tuple(map(Service, table.known_words("allows", tuple(Service)))),
        hazards=table.words("hazards"),
    )


def _rule(table: Table) -> Rule:
    return Rule(
        id=table.text("id"),
        title=table.text("title"),
        when=table.required_condition("when"),
        disposition=Disposition(table.word("disposition", tuple(Disposition))),
        urgency=Urgency(table.word("urgency", tuple(Urgency))),
        review_days=table.number("review_days"),
        because=table.text("because"),
        cites=table.words("cites"),
        at_once=table.truth("at_once", default=False),
        referrals=tuple(map(_recommendation, table.tables("referrals", required=False))),
        permits=tuple(map(_permit, table.tables("permits", required=False))),
        actions=tuple(map(_task, table.tables("actions", required=False, bare="action"))),
    )


def _recommendation(table: Table) -> Recommendation:
    return Recommendation(
        service=Service(table.word("service", tuple(Service))),
        priority=Urgency(table.word("priority", PRIORITIES)),
        when=table.condition("when", required=False),
    )


def _permit(table: Table) -> Permit:
    service = Service(table.word("service", tuple(Service)))
    return Permit(service=service, when=table.condition("when", required=False))


def _task(table: Table) -> Task:
    return Task(action=table.text("action"), when=table.condition("when", required=False))


def _incomplete(table: Table) -> Incomplete:
    return Incomplete(
        because=table.text("because"),
        review_days=table.number("review_days"),
        actions=table.words("actions"),
        cites=table.words("cites"),
    )


def _exclusion(table: Table) -> Exclusion:
    return Exclusion(
        level=table.text("level"),
        means=table.text("means"),
        when=table.condition("when", required=False),
    )


def _text(table: Table) -> Text:
    return Text(
        id=table.text("id"),
        kind=table.word("kind", ("advice", "safety_net")),
        text=table.text("text"),
        dispositions=tuple(map(Disposition, table.known_words("for", tuple(Disposition)))),
        when=table.condition("when", required=False),
        cites=table.words("cites"),
    )


def _wordings(table: Table, words: type[_Word]) -> Mapping[_Word, Wording]:
    found = {}
    for word in words:
        each = table.table(word)
        found[word] = Wording(title=each.text("title"), means=each.text("means", default=""))
    return found
