"""The shape of an explained outcome; `triage.explanation` makes it, and nothing here changes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from triage.protocol import PRIORITIES, Disposition, Service, Urgency
from triage.reading import STATUSES

DISPOSITIONS = [each.value for each in Disposition]
URGENCIES = [each.value for each in Urgency]
SERVICES = [each.value for each in Service]
STATES = ["present", "unsure", "not_asked", "awaited", "excluded"]
EXCLUSIONS = ["X0", "X1", "X2", "X3"]


class ProtocolOfOutcome(serializers.Serializer[Any]):
    id = serializers.CharField()
    version = serializers.CharField()
    title = serializers.CharField()
    digest = serializers.CharField(help_text="SHA-256 of the protocol's file")
    signed_off = serializers.BooleanField(help_text="whether a clinician has signed the protocol")


class Exclusion(serializers.Serializer[Any]):
    level = serializers.ChoiceField(EXCLUSIONS, help_text="how far a serious cause has been looked for")
    means = serializers.CharField()


class SuggestedReferral(serializers.Serializer[Any]):
    service = serializers.ChoiceField(SERVICES)
    title = serializers.CharField()
    priority = serializers.ChoiceField([each.value for each in PRIORITIES])


class SuggestedAction(serializers.Serializer[Any]):
    id = serializers.CharField()
    text = serializers.CharField()
    who = serializers.CharField()


class PatientText(serializers.Serializer[Any]):
    id = serializers.CharField()
    text = serializers.CharField(
        help_text="may hold {emergency_number}, {crisis_line} and {date}, which the site fills in"
    )


class AnswerRead(serializers.Serializer[Any]):
    question = serializers.CharField()
    text = serializers.CharField()
    answer = serializers.CharField(help_text="in words")


class Cite(serializers.Serializer[Any]):
    id = serializers.CharField()
    citation = serializers.CharField()
    status = serializers.ChoiceField([*STATUSES, "assumption"])


class Reason(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(["flag", "rule"])
    id = serializers.CharField()
    title = serializers.CharField()
    level = serializers.ChoiceField(URGENCIES)
    state = serializers.ChoiceField(STATES[:2])
    text = serializers.CharField()
    read = AnswerRead(many=True)
    cites = Cite(many=True)


class FlagFinding(serializers.Serializer[Any]):
    flag = serializers.CharField()
    title = serializers.CharField()
    group = serializers.CharField()
    state = serializers.ChoiceField(STATES)
    level = serializers.ChoiceField(URGENCIES)
    read = serializers.ListField(child=serializers.CharField(), help_text="ids of the questions that it reads")


class OpenQuestion(serializers.Serializer[Any]):
    question = serializers.CharField()
    text = serializers.CharField()
    section = serializers.CharField()
    safety = serializers.BooleanField()


class OtherAnswer(serializers.Serializer[Any]):
    """One answer that would have to be another."""

    question = serializers.CharField()
    text = serializers.CharField()
    to = serializers.CharField(help_text="the other answer, in words")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        given = serializers.CharField(allow_blank=True, help_text="the answer, in words; empty where there is none")
        return {**super().get_fields(), "from": given}  # a name that Python keeps for itself


class Elsewhere(serializers.Serializer[Any]):
    """A more or a less urgent outcome, and the fewest other answers that would lead to it."""

    to = serializers.ChoiceField(DISPOSITIONS)
    title = serializers.CharField()
    answers = OtherAnswer(many=True)


class ScoreRange(serializers.Serializer[Any]):
    instrument = serializers.CharField()
    name = serializers.CharField()
    low = serializers.IntegerField(help_text="the least that the total can be while items are open")
    high = serializers.IntegerField(help_text="the most that the total can be while items are open")
    answered = serializers.IntegerField()
    items = serializers.IntegerField()
    band = serializers.CharField(allow_blank=True, help_text="empty while it could be one of two")
    maximum = serializers.IntegerField()


class Disagreement(serializers.Serializer[Any]):
    question = serializers.CharField()
    reason = serializers.CharField()


class Outcome(serializers.Serializer[Any]):
    """What a protocol says of a patient, and why. A suggestion: a clinician decides."""

    protocol = ProtocolOfOutcome()
    engine = serializers.CharField(help_text="the version of the engine")
    on = serializers.DateField()
    disposition = serializers.ChoiceField(DISPOSITIONS)
    urgency = serializers.ChoiceField(URGENCIES)
    title = serializers.CharField()
    headline = serializers.CharField()
    means = serializers.CharField(allow_blank=True)
    floor = serializers.ChoiceField(DISPOSITIONS, help_text="the least urgent that open answers can still make it")
    ceiling = serializers.ChoiceField(DISPOSITIONS, help_text="the most urgent that open answers can still make it")
    exclusion = Exclusion()
    referrals = SuggestedReferral(many=True)
    deferred = SuggestedReferral(many=True, help_text="to be thought of once what is looked into first is settled")
    actions = SuggestedAction(many=True)
    review_days = serializers.IntegerField()
    advice = PatientText(many=True)
    safety_net = PatientText(many=True)
    because = Reason(many=True)
    findings = FlagFinding(many=True)
    outstanding = OpenQuestion(many=True, help_text="open questions that could still change the outcome")
    would_change = Elsewhere(
        many=True,
        required=False,
        help_text="the fewest other answers, at most 3, that would lead to something more or less urgent; "
        "empty while more questions are open, missing before engine 1.2.0",
    )
    scores = ScoreRange(many=True)
    conflicts = Disagreement(many=True)
    ignored = serializers.ListField(child=serializers.CharField(), help_text="answered, but does not apply")

    def to_representation(self, instance: Any) -> Any:
        """As it is stored, which is JSON already; the fields above describe it, and a test holds it to them."""
        return instance
