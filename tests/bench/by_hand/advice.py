"""What is advised where no flag stands in the way."""
# ruff: noqa: FBT001 -- facts about a patient, passed on in the order of their names

from tests.bench.by_hand.imaging import Answers, Imaging

Referrals = tuple[tuple[str, str], ...]
PHYSIO_SOON, PHYSIO = ("physiotherapy", "soon"), ("physiotherapy", "routine")
CBT_SOON, CBT, PSYCHOLOGY = ("cbt", "soon"), ("cbt", "routine"), ("psychology", "soon")
Advice = tuple[str, str, str, Referrals, tuple[str, ...]]


def psychological_need(a: Answers) -> int:
    phq9 = (
        a["phq9_1"] + a["phq9_2"] + a["phq9_3"] + a["phq9_4"] + a["phq9_5"]
        + a["phq9_6"] + a["phq9_7"] + a["phq9_8"] + a["phq9_9"]
    )  # fmt: skip
    gad7 = a["gad7_1"] + a["gad7_2"] + a["gad7_3"] + a["gad7_4"] + a["gad7_5"] + a["gad7_6"] + a["gad7_7"]
    if phq9 >= 20:
        return 4
    if phq9 >= 15 or gad7 >= 15:
        return 3
    if phq9 >= 10 or gad7 >= 10 or a["panic"] == "yes":
        return 2
    if phq9 >= 5 or gad7 >= 5:
        return 1
    emotional, relaxation = a["stress_emotional"] == "yes", a["stress_relaxation"] == "yes"
    signs = (
        (a["stress_dull_ache"] == "yes")
        + emotional
        + (a["stress_tension"] == "yes")
        + (a["stress_fatigue"] == "yes")
        + relaxation
    )
    return 1 if signs >= 3 and (emotional or relaxation) else 0


def advise(a: Answers, imaging: Imaging, need: int) -> Advice:
    """The rule, and what it asks for."""
    awaited = imaging.pending or imaging.unclassed
    if awaited or (a["imaging_indicated"] == "yes" and not imaging.clear):
        return hold(imaging, awaited, need)
    limits = a["peg_pain"] >= 7 or a["peg_enjoyment"] >= 7 or a["peg_activity"] >= 7 or a["off_work"] == "yes"
    needs_physio = limits or a["radicular_leg_pain"] != "none"
    if a["duration_days"] <= 42:
        return advise_early(a, need, needs_physio)
    return advise_late(a, need, limits, needs_physio)


def hold(imaging: Imaging, awaited: bool, need: int) -> Advice:
    actions = ["chase_imaging"] if awaited else ["settle_imaging"]
    if imaging.missing:
        actions.append("obtain_report")
    if imaging.unclassed:
        actions.append("classify_report")
    if need >= 4:
        actions.append("mh_medical_review")
    if need >= 3:
        actions.append("tell_gp")
    return "hold", "hold_imaging", "routine", (PHYSIO, CBT) if need >= 2 else (PHYSIO,), tuple(actions)


def interferes(a: Answers) -> bool:
    return (
        a["interferes_function"] == "yes"
        or a["interferes_sleep"] == "yes"
        or a["peg_enjoyment"] >= 4
        or a["peg_activity"] >= 4
    )


def never_alone(a: Answers, needs_physio: bool) -> bool:
    """Psychological care goes with physiotherapy unless a full examination was normal or stable."""
    return needs_physio or a["examined"] != "clinician" or a["neuro_exam"] not in ("normal", "abnormal_stable")


def advise_early(a: Answers, need: int, needs_physio: bool) -> Advice:
    if need <= 1:
        return "row_1", "self_manage", "none", (PHYSIO,) if needs_physio else (), ()
    if need == 2:
        return "row_2", "refer", "routine", (PHYSIO, CBT) if never_alone(a, needs_physio) else (CBT,), ()
    if need == 3:
        together = interferes(a) or never_alone(a, needs_physio)
        return "row_3", "refer", "soon", (PHYSIO_SOON, PSYCHOLOGY) if together else (PSYCHOLOGY,), ("tell_gp",)
    actions = ("mh_medical_review", "tell_gp", "combined_order")
    return "row_4", "medical_review", "7d", (PHYSIO_SOON, PSYCHOLOGY), actions


def advise_late(a: Answers, need: int, severe: bool, needs_physio: bool) -> Advice:
    failed = (
        a["treatment_weeks"] >= 6
        and a["treatment_advice"] == "yes"
        and a["treatment_active"] == "yes"
        and a["treatment_response"] in ("partial", "none", "worse")
    )
    recheck = ("clinician_recheck",) if failed else ()
    if need == 0:
        if failed:
            return "row_13", "medical_review", "14d", (), ("clinician_recheck", "physiotherapy_optional")
        if interferes(a):
            return (
                ("row_6", "refer", "soon", (PHYSIO_SOON,), ())
                if severe
                else ("row_6", "refer", "routine", (PHYSIO,), ())
            )
        return "row_5", "self_manage", "none", (PHYSIO,) if needs_physio else (), ("physiotherapy_optional",)
    if need == 1:
        if not failed:
            if interferes(a):
                return "row_8", "refer", "routine", (PHYSIO,), ("informed_physiotherapy",)
            return "row_7", "self_manage", "none", (PHYSIO,) if needs_physio else (), ()
        if interferes(a):
            return "row_10", "refer", "routine", (PHYSIO, CBT), ("clinician_recheck", "combined_order")
        return "row_9", "refer", "routine", (PHYSIO,), ("clinician_recheck",)
    if need == 2:
        if not failed and not interferes(a):
            referrals = (PHYSIO, CBT) if never_alone(a, needs_physio) else (CBT,)
            return "row_12", "refer", "routine", referrals, ("physiotherapy_optional",)
        if a["off_work"] == "yes":
            return "row_11", "refer", "soon", (PHYSIO_SOON, CBT_SOON), ("combined_order", *recheck)
        return "row_11", "refer", "routine", (PHYSIO, CBT), ("combined_order", *recheck)
    if need == 3:
        return "row_14", "refer", "soon", (PHYSIO_SOON, PSYCHOLOGY), ("tell_gp", "combined_order", *recheck)
    actions = ("mh_medical_review", "tell_gp", "combined_order", *recheck)
    return "row_15", "medical_review", "7d", (PHYSIO_SOON, PSYCHOLOGY), actions
