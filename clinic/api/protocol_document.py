"""A protocol as a document: what is asked, looked for and advised, on what grounds, in the protocol's own words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rest_framework import serializers

from clinic.api.outcome import DISPOSITIONS, SERVICES, URGENCIES, SuggestedAction
from triage.imaging import FIELDS, REQUIRED, STUDY_WORDS
from triage.questions import QuestionType
from triage.reading import STATUSES
from triage.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from triage.protocol import Protocol
    from triage.questions import Question


def _words(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), default=[], **options)


def _when() -> serializers.CharField:
    return serializers.CharField(default="", help_text="a condition; empty means always")


class SectionShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    intro = serializers.CharField(default="")


class OptionShown(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a key of the document, not the framework's attribute


class QuestionShown(serializers.Serializer[Any]):
    """One question; every one also takes `not_sure`."""

    id = serializers.CharField()
    section = serializers.CharField()
    group = serializers.CharField()
    text = serializers.CharField()
    hint = serializers.CharField()
    type = serializers.ChoiceField([each.value for each in QuestionType])
    options = OptionShown(many=True, help_text="the words of a choice; the labels of 0, 1, 2 ... of a scale")
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    safety = serializers.BooleanField(help_text="always asked, whatever else was answered")
    asked_by = serializers.ChoiceField(["", "clinician"], help_text="who alone can answer it")
    ask_when = serializers.CharField(help_text="the condition under which it is asked; empty means always")
    days_since = serializers.CharField(help_text="the date question that it counts from, if any")
    interval = serializers.BooleanField(help_text="takes {from, to} where the number is not certain")
    lasting = serializers.BooleanField(help_text="is brought along into the next intake")
    codes = serializers.DictField(child=serializers.CharField())


class StudyField(serializers.Serializer[Any]):
    """One field of an imaging study."""

    id = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]  # a key of the document, not the framework's attribute
    words = serializers.ListField(child=serializers.CharField(), help_text="what it takes, where that is a word")


class BandShown(serializers.Serializer[Any]):
    start = serializers.IntegerField(source="from")
    label = serializers.CharField()  # type: ignore[assignment]  # a key of the document, not the framework's attribute


class InstrumentShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    items = _words()
    scoring = serializers.ChoiceField(["sum", "mean"], default="sum")
    total = serializers.CharField(default="", help_text="the question that holds a total recorded elsewhere")
    bands = BandShown(many=True, default=[])
    licence = serializers.CharField()
    attribution = serializers.CharField()
    codes = serializers.DictField(child=serializers.CharField(), default={})
    cites = _words()


class FactShown(serializers.Serializer[Any]):
    """A named truth that conditions speak of."""

    id = serializers.CharField()
    when = serializers.CharField()
    means = serializers.CharField()
    per_study = serializers.BooleanField(help_text="true when any one imaging study makes it true")
    cites = _words()


class StepShown(serializers.Serializer[Any]):
    when = serializers.CharField()
    means = serializers.CharField()


class LevelShown(serializers.Serializer[Any]):
    """A named whole number: the highest step that is true."""

    id = serializers.CharField()
    means = serializers.CharField()
    steps = StepShown(many=True)
    cites = _words()


class FlagShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    group = serializers.CharField()
    when = serializers.CharField()
    level = serializers.ChoiceField(URGENCIES)
    not_sure = serializers.ChoiceField(URGENCIES, default="14d", help_text="its level while it cannot be told")
    because = serializers.CharField()
    actions = _words()
    not_sure_actions = _words()
    allows = serializers.ListField(child=serializers.ChoiceField(SERVICES), default=[])
    cites = _words()
    hazards = _words()


class RecommendationShown(serializers.Serializer[Any]):
    service = serializers.ChoiceField(SERVICES)
    priority = serializers.ChoiceField(["soon", "routine"])
    when = _when()


class PermitShown(serializers.Serializer[Any]):
    service = serializers.ChoiceField(SERVICES)
    when = _when()


class TaskShown(serializers.Serializer[Any]):
    action = serializers.CharField()
    when = _when()

    def to_representation(self, instance: Any) -> Any:
        return super().to_representation({"action": instance} if isinstance(instance, str) else instance)


class RuleShown(serializers.Serializer[Any]):
    """One line of the precedence; the first that holds decides."""

    id = serializers.CharField()
    title = serializers.CharField()
    when = serializers.CharField()
    disposition = serializers.ChoiceField(DISPOSITIONS)
    at_once = serializers.BooleanField(default=False, help_text="acts even while rules above it are open")
    urgency = serializers.ChoiceField(URGENCIES)
    review_days = serializers.IntegerField()
    because = serializers.CharField()
    referrals = RecommendationShown(many=True, default=[])
    permits = PermitShown(many=True, default=[])
    actions = TaskShown(many=True, default=[])
    cites = _words()


class ExclusionShown(serializers.Serializer[Any]):
    level = serializers.CharField()
    when = _when()
    means = serializers.CharField()


class TextShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(["advice", "safety_net"])
    text = serializers.CharField()
    dispositions = serializers.ListField(child=serializers.ChoiceField(DISPOSITIONS), source="for")
    when = _when()
    cites = _words()


class WordingShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    means = serializers.CharField(default="")


class SourceShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    citation = serializers.CharField()
    status = serializers.ChoiceField([*STATUSES, "assumption"])
    use = serializers.CharField()
    checked_on = serializers.DateField(allow_null=True)


class ProtocolDocument(serializers.Serializer[Any]):
    """One version of a protocol."""

    id = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    signed_off = serializers.BooleanField(help_text="whether a clinician has signed it")
    review_due = serializers.DateField()
    fresh_days = serializers.IntegerField(help_text="how long a safety answer stays fresh")
    digest = serializers.CharField(help_text="SHA-256 of its file")
    sections = SectionShown(many=True)
    questions = QuestionShown(many=True)
    study_fields = StudyField(many=True, help_text="what one study in an answer of type `studies` holds")
    instruments = InstrumentShown(many=True, default=[])
    facts = FactShown(many=True)
    levels = LevelShown(many=True)
    flags = FlagShown(many=True)
    rules = RuleShown(many=True)
    exclusion = ExclusionShown(many=True, default=[])
    actions = SuggestedAction(many=True)
    texts = TextShown(many=True, default=[])
    dispositions = WordingShown(many=True)
    services = WordingShown(many=True)
    sources = SourceShown(many=True)


def document(source: str, protocol: Protocol) -> dict[str, Any]:
    """What ProtocolDocument shows: the file's own tables, and what the reader made of those that need reading."""
    raw = read_toml(source.encode())
    asked_when = {each["id"]: each.get("ask_when", "") for each in raw["questions"]}
    imaging = raw.get("imaging", {}).get("facts", {})
    return {
        **raw,
        **raw["protocol"],
        "digest": protocol.digest,
        "questions": [_question(each, asked_when[each.id]) for each in protocol.questions.values()],
        "study_fields": [_study_field(each) for each in FIELDS],
        "facts": [
            *({**each, "per_study": False} for each in _named(raw.get("facts", {}))),
            *({**each, "per_study": True} for each in _named(imaging)),
        ],
        "levels": list(_named(raw.get("levels", {}))),
        "dispositions": list(_named(raw["dispositions"])),
        "services": list(_named(raw["services"])),
        "sources": protocol.sources.values(),
    }


def _named(tables: dict[str, dict[str, Any]]) -> Iterable[dict[str, Any]]:
    return ({"id": name, **table} for name, table in tables.items())


def _question(question: Question, ask_when: str) -> dict[str, Any]:
    number = question.type.is_number
    own = (
        "id",
        "section",
        "group",
        "text",
        "hint",
        "type",
        "options",
        "unit",
        "safety",
        "asked_by",
        "days_since",
        "interval",
        "lasting",
        "codes",
    )
    return {
        **{name: getattr(question, name) for name in own},
        "minimum": question.low if number else None,
        "maximum": question.high if number else None,
        "ask_when": ask_when,
    }


def _study_field(name: str) -> dict[str, Any]:
    return {"id": name, "required": name in REQUIRED, "words": list(STUDY_WORDS.get(name, ()))}
