"""The imaging studies as a letter tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic import spoken
from clinic.letters.part import Part
from triage.wording import isolated, read_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clinic.letters.people import Names
    from clinic.models import Assessment
    from triage.protocol import Protocol

_WAITED_FOR = ("requested", "awaiting_report", "report_unavailable")


def imaging(assessment: Assessment, protocol: Protocol, names: Names) -> Part:
    """Every study with what is known of it; that there was none, or that nobody asked, is said."""
    answer = assessment.answers.get(protocol.imaging_question)
    if answer is None:
        return Part(title=_("Imaging"), paragraphs=[_("Nobody has recorded whether there was imaging.")])
    if not isinstance(answer["value"], list):
        return Part(title=_("Imaging"), paragraphs=[_("It is not known whether there was imaging.")])
    if not answer["value"]:
        return Part(title=_("Imaging"), paragraphs=[_("No imaging was done.")])
    rows = [_row(study) for study in answer["value"]]
    header = (_("Study"), _("Status"), _("Class by a clinician"), _("Report"))
    return Part(title=_("Imaging"), header=header, rows=rows, widths=(4, 4, 4, 5))


def _row(study: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (_study(study), _status(study), _class(study), isolated(study.get("finding", "")))


def _study(study: Mapping[str, Any]) -> str:
    return f"{spoken.study(study['modality'])}, {spoken.study(study['region'])}"


def _status(study: Mapping[str, Any]) -> str:
    day = read_date(study.get("performed_on"))
    when = f", {date_format(day, 'j M Y')}" if day else ""
    waiting = _(" (waited for)") if study["status"] in _WAITED_FOR else ""
    return f"{spoken.study(study['status'])}{when}{waiting}"


def _class(study: Mapping[str, Any]) -> str:
    if "class" not in study:
        return _("Not classed")
    fits = spoken.study(study.get("concordance", "unclear"))
    return _("%(class)s; fits the pain: %(fits)s") % {"class": spoken.study(study["class"]), "fits": fits}
