"""What the studies of one patient say together."""

from collections.abc import Mapping
from typing import Any

Answers = Mapping[str, Any]

PENDING = ("requested", "awaiting_report", "report_unavailable")
REGIONS = {
    "lumbar": ("lumbar", "lumbosacral", "whole_spine"),
    "thoracic": ("thoracic", "whole_spine"),
    "thoracolumbar": ("thoracolumbar", "whole_spine"),
    "buttock": ("lumbosacral", "sacroiliac", "whole_spine"),
}


class Imaging:
    """The flags that studies raise, and what else is known from them."""

    pending = missing = unclassed = clear = False

    def __init__(self, a: Answers) -> None:
        self.flags: set[str] = set()
        for study in a["imaging"]:
            self._read(study, a)

    def _read(self, study: Any, a: Answers) -> None:
        words, age, flags = study.words, study.age_days, self.flags
        status, kind, urgency = words["status"], words.get("class", "unclassified"), words.get("report_urgency")
        pending, reported = status in PENDING, status == "reported"
        unclassed = reported and kind == "unclassified"
        harmless = kind in ("no_significant_finding", "age_related")
        if pending:
            self.pending = True
            self.missing = self.missing or status != "requested"
            if age > 42:
                flags.add("imaging_overdue")
        if unclassed:
            self.unclassed = True
        if words["reason"] == "red_flag" and (pending or unclassed or kind == "non_diagnostic"):
            flags.add("imaging_red_flag_open")
        if urgency == "immediate":
            flags.add("imaging_immediate")
        elif urgency == "same_day":
            flags.add("imaging_same_day")
        elif urgency == "within_14_days":
            if kind not in ("significant_structural", "incidental_nonspinal"):
                flags.add("imaging_within_14_days")
            if kind == "serious_pathology" and words["region"] == "sacroiliac":
                flags.add("imaging_sacroiliac")
        elif kind == "serious_pathology":
            flags.add("imaging_serious")
        if kind == "significant_structural":
            if words.get("concordance") == "discordant":
                harmless = True
            else:
                flags.add("imaging_structural")
        elif kind == "incidental_nonspinal":
            flags.add("imaging_incidental")
        if reported and harmless and words["modality"] in ("mri", "ct") and age <= 365 and age <= a["duration_days"]:
            self.clear = self.clear or words["region"] in REGIONS.get(a["pain_site"], ())


NO_IMAGING = Imaging({"imaging": ()})
