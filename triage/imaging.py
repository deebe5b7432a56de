"""One imaging study as the clinic recorded it. Its class is a clinician's; software reads no image."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from triage.logic import NO, NOT_SURE, YES, Verdict
from triage.quantities import Quantity
from triage.wording import TextError, clean_text, read_date

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_REGIONS = "cervical thoracic thoracolumbar lumbar lumbosacral sacroiliac whole_spine abdomen other"
STUDY_WORDS: Mapping[str, tuple[str, ...]] = {
    "modality": ("xray", "mri", "ct", "dexa", "bone_scan", "ultrasound_aorta", "other"),
    "region": tuple(_REGIONS.split()),
    "status": ("requested", "awaiting_report", "reported", "report_unavailable", "cancelled"),
    "reason": ("routine", "red_flag", "other"),
    "class": (
        "no_significant_finding",
        "age_related",
        "significant_structural",
        "serious_pathology",
        "non_diagnostic",
        "incidental_nonspinal",
    ),
    "concordance": ("concordant", "discordant", "unclear"),
    "report_urgency": ("immediate", "same_day", "within_14_days"),
}
REQUIRED = ("modality", "region", "status")
FIELDS = (*STUDY_WORDS, "performed_on", "age_days", "finding")
# What an absent word means. Nobody classed the report: that is known. Nobody said why the scan
# was asked for: that is not, so it is not here and reads as not sure.
ABSENT = {"class": "unclassified", "concordance": "unclear", "report_urgency": "not_stated"}
STUDY_NAMES: Mapping[str, tuple[str, ...]] = {
    "study_modality": STUDY_WORDS["modality"],
    "study_region": STUDY_WORDS["region"],
    "study_status": STUDY_WORDS["status"],
    "study_reason": STUDY_WORDS["reason"],
    "study_class": (*STUDY_WORDS["class"], "unclassified"),
    "study_concordance": STUDY_WORDS["concordance"],
    "study_urgency": (*STUDY_WORDS["report_urgency"], "not_stated"),
}
FIELD_OF = {f"study_{field}": field for field in STUDY_WORDS} | {"study_urgency": "report_urgency"}
STUDY_AGE = "study_age_days"
MAXIMUM_AGE = 36525  # days; a hundred years


@dataclass(frozen=True, slots=True)
class Study:
    """What was recorded of one study; `age_days` counts back from the day of evaluation."""

    words: Mapping[str, str]
    age_days: int | None = None
    finding: str = ""

    def is_one_of(self, name: str, values: Collection[str]) -> Verdict:
        """Whether the word behind a condition's name, such as `study_class`, is among `values`."""
        field = FIELD_OF[name]
        word = self.words.get(field, ABSENT.get(field))
        if word is None:
            return NOT_SURE
        return YES if word in values else NO

    @property
    def is_awaited(self) -> bool:
        """Whether it may still say something: no report yet, or one that no clinician has classed."""
        return self.words["status"] != "cancelled" and "class" not in self.words

    def age(self) -> Quantity:
        if self.age_days is None:
            return Quantity.not_sure(0, MAXIMUM_AGE)
        return Quantity.known(self.age_days)


def read_study(raw: object, *, on: date) -> Study | list[tuple[str, str, str]]:
    """One study from an answer, or every fault in it as (field, reason, what is allowed)."""
    if not isinstance(raw, dict):
        return [("", "is not a table of one study", f"a table with {', '.join(FIELDS)}")]
    faults = list(_faults(raw, on))
    if faults:
        return faults
    return Study(
        words={field: raw[field] for field in STUDY_WORDS if field in raw},
        age_days=_age(raw, on),
        finding=clean_text(raw.get("finding", "")),
    )


def _faults(raw: Mapping[str, object], on: date) -> Iterator[tuple[str, str, str]]:
    for field in raw:
        if field not in FIELDS:
            yield str(field), "is not a field of a study", ", ".join(FIELDS)
    for field, words in STUDY_WORDS.items():
        if field in raw and raw[field] not in words:
            yield field, "is not one of the words it takes", ", ".join(words)
        elif field in REQUIRED and field not in raw:
            yield field, "is missing", ", ".join(words)
    yield from _date_faults(raw, on)
    try:
        clean_text(raw.get("finding", ""))
    except TextError as error:
        yield "finding", str(error), "text"


def _date_faults(raw: Mapping[str, object], on: date) -> Iterator[tuple[str, str, str]]:
    age = raw.get("age_days")
    if "age_days" in raw and (type(age) is not int or not 0 <= age <= MAXIMUM_AGE):
        yield "age_days", "is not a number of days", f"a whole number from 0 to {MAXIMUM_AGE}"
    if "performed_on" in raw:
        day = read_date(raw["performed_on"])
        if day is None or day > on:
            yield "performed_on", "is not a past date", "a date as YYYY-MM-DD, not in the future"
        elif "age_days" in raw and (on - day).days != age:
            yield "age_days", "does not agree with performed_on", str((on - day).days)


def _age(raw: Mapping[str, object], on: date) -> int | None:
    if "performed_on" in raw:
        day = read_date(raw["performed_on"])
        return None if day is None else (on - day).days
    age = raw.get("age_days")
    return age if isinstance(age, int) else None
