"""Who gave an answer and when, in the words of a letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import clock
from clinic.models import User
from triage.wording import isolated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from clinic.models import Assessment


class Names:
    """The people behind an assessment's answers, read in one query."""

    def __init__(self, assessment: Assessment) -> None:
        self._answers: Mapping[str, Mapping[str, Any]] = assessment.answers
        ids = {each["by"] for each in self._answers.values() if "by" in each}
        self._names = {str(user.pk): user.display_name for user in User.objects.filter(pk__in=ids)}

    def asked(self, questions: Iterable[str]) -> str:
        """When the oldest of these questions was answered and by whom it was entered."""
        given = [self._answers[name] for name in questions if "at" in self._answers.get(name, {})]
        if not given:
            return ""
        return self.entered(min(given, key=lambda each: clock.instant(each["at"])))

    def entered(self, answer: Mapping[str, Any]) -> str:
        day = date_format(clock.shown(clock.instant(answer["at"])), "j M Y")
        who = self._names.get(answer.get("by", ""), _("not recorded"))
        return _("%(day)s, %(who)s") % {"day": day, "who": isolated(who)}
