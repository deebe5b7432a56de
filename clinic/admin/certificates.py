"""A certificate as a page: each property as a sentence, whether it holds, and the patient who refutes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_noop

from clinic import protocols, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clinic.models import Certificate

# What a proof says of its own accord, named here so that it gets into the catalogue of the pages.
_OWN_WORDS = (gettext_noop("Nothing is answered but:"), gettext_noop("An adult with nothing remarkable but:"))


@dataclass(frozen=True, slots=True)
class Property:
    """One property, and where it does not hold, a patient of whom it is not so: a line for each answer."""

    says: str
    invariant: str
    holds: bool
    patient: tuple[str, ...]


class Shown:
    """What a stored certificate says."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate, self._document = certificate, certificate.document

    @property
    def is_current(self) -> bool:
        """Whether it is about the text that the release has now."""
        return self.certificate.sha256 == self.certificate.release.sha256

    @property
    def properties(self) -> list[Property]:
        """Those that do not hold come first."""
        found = [self._property(each) for each in self._document["proofs"]]
        return sorted(found, key=lambda each: each.holds)

    @property
    def refuted(self) -> int:
        return sum(not each.holds for each in self.properties)

    @property
    def space(self) -> tuple[str, int]:
        """How many different intakes there can be, as a number and a power of ten."""
        number, _e, power = f"{int(self._document['space']):.1e}".partition("e")
        return number, int(power)

    @property
    def nodes(self) -> int:
        return int(self._document["nodes"])

    @property
    def milliseconds(self) -> int:
        return int(self._document["milliseconds"])

    @property
    def tried(self) -> int:
        """How many vignettes the text was tried on."""
        return int(self._document["vignettes"]["tried"])

    @property
    def faults(self) -> list[str]:
        """What the text says otherwise of a vignette than is expected."""
        return list(self._document["vignettes"]["faults"])

    def _property(self, proof: dict[str, Any]) -> Property:
        patient = patient_in_words(proof["counterexample"], self._questions)
        return Property(spoken.text(proof["says"]), proof["invariant"], proof["holds"], patient)

    @cached_property
    def _questions(self) -> list[str]:
        if not self.is_current:
            return []
        return [question.text for question in protocols.get(self.certificate.release).questions.values()]


def patient_in_words(lines: Sequence[str], questions: Sequence[str]) -> tuple[str, ...]:
    """A patient, a line for each answer: one of these questions with its answer is told in the reader's language."""
    return tuple(_line(each, questions) for each in lines)


def _line(line: str, questions: Sequence[str]) -> str:
    asked = max((each for each in questions if line.startswith(f"{each} ")), key=len, default="")
    return f"{spoken.text(asked)} {spoken.answer(line[len(asked) + 1 :])}" if asked else spoken.text(line)
