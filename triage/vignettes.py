"""Vignettes: patients in words, with their answers and the outcome that a protocol owes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from triage.engine import Evaluation, evaluate
from triage.facts import AnswerErrors, check_answers
from triage.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from triage.protocol import Protocol

ON = date(2026, 11, 23)  # the day on which every vignette is judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Vignette:
    """One invented patient and what is expected of their evaluation."""

    id: str
    story: str
    answers: Mapping[str, object]
    expect: Mapping[str, object]


def read_vignettes(baselines: bytes, files: Iterable[bytes]) -> list[Vignette]:
    """The vignettes of all files; a patient is `like` a baseline, `without` some of its answers."""
    wholes = read_toml(baselines)
    return [_vignette(each, wholes) for file in files for each in read_toml(file).get("patients", [])]


def _vignette(raw: dict[str, Any], wholes: dict[str, Any]) -> Vignette:
    answers = {**(wholes[raw["like"]] if "like" in raw else {}), **raw["answers"]}
    asked = {name: answer for name, answer in answers.items() if name not in raw.get("without", [])}
    return Vignette(id=raw["id"], story=raw["story"], answers=asked, expect=raw["expect"])


def check_vignette(protocol: Protocol, vignette: Vignette) -> list[str]:
    """What the protocol says otherwise of the patient than is expected, each as a sentence."""
    try:
        evaluation = evaluate(protocol, check_answers(protocol.questions, vignette.answers, on=ON))
    except AnswerErrors as error:
        return [f"{vignette.id}: {fault}" for fault in error.faults]
    return [
        f"{vignette.id}: {key}: {fault}"
        for key, wanted in vignette.expect.items()
        for fault in _CHECKS.get(key, _unknown)(key, wanted, evaluation)
    ]


def _unknown(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    yield "is not something that can be expected"


def _same(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    if getattr(evaluation, key) != wanted:
        yield f"expected {wanted}, got {getattr(evaluation, key)}"


def _referrals(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    got = {each.service.value: each.priority.value for each in evaluation.referrals}
    if got != wanted:
        yield f"expected {wanted}, got {got}"


def _deferred(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    got = {each.service.value for each in evaluation.deferred}
    if got != set(wanted):
        yield f"expected {sorted(wanted)}, got {sorted(got)}"


def _among(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    missing = [each for each in wanted if each not in getattr(evaluation, key)]
    if missing:
        yield f"expected also {missing}"


def _not_among(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    there = [each for each in wanted if each in evaluation.actions]
    if there:
        yield f"not expected: {there}"


def _exactly(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    if set(evaluation.actions) != set(wanted):
        yield f"expected {sorted(wanted)}, got {sorted(evaluation.actions)}"


def _shown(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    """Whether each text is told to the patient: yes or no."""
    told = {text.id for text in evaluation.texts}
    yield from (f"{name}: expected {to_tell}" for name, to_tell in wanted.items() if (name in told) is not to_tell)


def _nothing_outstanding(key: str, wanted: Any, evaluation: Evaluation) -> Iterator[str]:
    if bool(evaluation.outstanding) is bool(wanted):
        yield f"still open: {list(evaluation.outstanding)}"


_CHECKS: Mapping[str, Callable[[str, Any, Evaluation], Iterator[str]]] = {
    **dict.fromkeys(("disposition", "urgency", "floor", "ceiling", "review_days", "exclusion"), _same),
    "referrals": _referrals,
    "deferred": _deferred,
    "actions": _among,
    "all_actions": _exactly,
    "texts": _shown,
    "outstanding": _among,
    "no_actions": _not_among,
    "nothing_outstanding": _nothing_outstanding,
}
