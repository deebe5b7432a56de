"""How the references of a site read, and what is a slip in one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic.models import search


class ReferenceKind(models.TextChoices):
    """What a site knows its patients by."""

    ANY = "any", _("Letters and figures of the site's own")
    FIGURES = "figures", _("Figures only")
    NHS = "nhs", _("NHS numbers")


def refuse_unfit(reference: str, kind: str) -> None:
    """However its groups are set apart."""
    plain = search.compared(reference)
    if kind != ReferenceKind.ANY and not plain.isdecimal():
        raise ValidationError({"reference": gettext("A reference of this site is made of figures.")})
    if kind == ReferenceKind.NHS and not _is_nhs(plain):
        raise ValidationError(
            {
                "reference": gettext(
                    "This is no NHS number: it has ten figures, of which the last one checks the others."
                )
            }
        )


def _is_nhs(figures: str) -> bool:
    """Ten figures; weighted from 10 down to 1 they are a multiple of 11."""
    weighted = sum(int(each) * (10 - place) for place, each in enumerate(figures[:10]))
    return len(figures) == 10 and weighted % 11 == 0
