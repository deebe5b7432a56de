"""The rules of back-pain 1.0.0 written by hand: the plain Python that a good programmer would write for them.

It is what the other engines are measured against, and it is two-valued: it is right only where every
question that applies is answered, and never "not sure". Nothing but the benchmark may use it.
"""

from tests.bench.by_hand.actions import ACTIONS
from tests.bench.by_hand.advice import Referrals, advise, psychological_need
from tests.bench.by_hand.flags import find_flags
from tests.bench.by_hand.imaging import NO_IMAGING, Answers, Imaging

# Rule, disposition, urgency, referrals, actions, flags present (most urgent first).
Outcome = tuple[str, str, str, Referrals, tuple[str, ...], tuple[str, ...]]

# Flags beside which every referral may go ahead; beside any other none may.
HARMLESS = {"axspa", "axspa_hla_test", "axspa_hla_positive", "dependence", "imaging_structural"}


def decide(a: Answers) -> Outcome:
    """The outcome for one patient of whom everything is known."""
    imaging = Imaging(a) if a["imaging"] else NO_IMAGING
    now, today, week, fortnight = find_flags(a, imaging)
    present = (*now, *today, *week, *fortnight)
    if now:
        return "emergency", "emergency", "now", (), together(present, ()), present
    if today:
        return "same_day", "urgent_medical", "24h", (), together(present, ()), present
    need = psychological_need(a)
    outside = out_of_scope(a, need)
    if outside:
        return "out_of_scope", "out_of_scope", "14d", (), together(present, outside), present
    rule, disposition, urgency, referrals, actions = advise(a, imaging, need)
    if not present:
        return rule, disposition, urgency, referrals, actions, ()
    if not HARMLESS.issuperset(present):
        referrals = ()
    elif need < 2:
        referrals = tuple([each for each in referrals if each[0] == "physiotherapy"])
    if referrals and referrals[0][0] != "physiotherapy":
        referrals = ()
    if week or need >= 4:
        severe = ("mh_medical_review",) if need >= 4 else ()
        return "review_7d", "medical_review", "7d", referrals, together(present, severe), present
    return "review_14d", "medical_review", "14d", referrals, together(present, ()), present


def out_of_scope(a: Answers, need: int) -> tuple[str, ...]:
    actions = []
    if a["age"] < 18:
        actions.append("paediatric_or_gp_route")
    if a["pregnancy"] in ("yes", "postpartum"):
        actions.append("maternity_or_gp_route")
    if a["pain_site"] in ("cervical", "widespread"):
        actions.append("other_pain_route")
    if actions and need >= 4:
        actions.append("mh_medical_review")
    return tuple(actions)


def together(present: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """The actions of all flags present and some more, each once."""
    actions = [action for flag in present for action in ACTIONS[flag]]
    return tuple(dict.fromkeys([*actions, *more]))
