"""Who notices that a protocol has changed: the reader, a vignette, or a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from triage.checking import check_references
from triage.diagram import TooLarge, too_deep_is_too_large
from triage.facts import check_answers
from triage.patient_view import PatientView
from triage.proofs import Prover
from triage.vignettes import ON, check_vignette

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from triage.obligations import Obligations
    from triage.protocol import Protocol
    from triage.vignettes import Vignette


class Noticing:
    """All that is expected of a protocol, ready to be held against others in its place."""

    def __init__(self, protocol: Protocol, vignettes: Iterable[Vignette], owed: Obligations) -> None:
        self._owed = owed
        self._whole: list[Vignette] = []
        self._half_filled: list[Vignette] = []
        for each in vignettes:
            (self._half_filled if _has_open(protocol, each) else self._whole).append(each)

    def first(self, other: Protocol) -> str:
        """Who notices first that another protocol is not this one; empty if nobody does.

        What is soon seen is looked at first: a half-filled intake needs the diagrams of the other protocol.
        """
        return next(self._noticed(other), "")

    def _noticed(self, other: Protocol) -> Iterator[str]:
        yield from (f"the reader: {fault}" for fault in check_references(other))
        yield from _vignettes(other, self._whole)
        try:
            with too_deep_is_too_large():
                refuted = Prover(other, self._owed).first_refuted()
        except TooLarge as error:
            refuted = str(error)
        if refuted:
            yield f"the proof {refuted}"
        yield from _vignettes(other, self._half_filled)


def _has_open(protocol: Protocol, vignette: Vignette) -> bool:
    view = PatientView(protocol, check_answers(protocol.questions, vignette.answers, on=ON))
    return any(view.is_open(protocol.questions[name]) for name in protocol.most_decisive_first)


def _vignettes(other: Protocol, vignettes: list[Vignette]) -> Iterator[str]:
    yield from (f"the vignette {fault}" for each in vignettes for fault in check_vignette(other, each))
