"""What is looked for: the flags present, by the time within which somebody has to act."""

from tests.bench.by_hand.imaging import Answers, Imaging

LATER_IMAGING = (
    "imaging_within_14_days", "imaging_sacroiliac", "imaging_red_flag_open", "imaging_overdue", "imaging_structural",
    "imaging_incidental",
)  # fmt: skip


def find_flags(a: Answers, imaging: Imaging) -> tuple[list[str], list[str], list[str], list[str]]:
    """The flags present: now, the same day, within 7 days, within 14 days."""
    now: list[str] = []
    today: list[str] = []
    week: list[str] = []
    fortnight: list[str] = []

    # Cauda equina and other neurology
    saddle, bladder, bowel = a["ces_saddle"] == "yes", a["ces_bladder"] == "yes", a["ces_bowel"] == "yes"
    legs, sexual, both_legs = a["ces_legs"] == "yes", a["ces_sexual"] == "yes", a["bilateral_leg_pain_new"] == "yes"
    ces = saddle or bladder or bowel or legs or sexual
    if ces:
        recent = a["ces_onset_days"] <= 14 or a["ces_worsening"] == "yes"
        if saddle:
            if recent:
                now.append("ces_saddle_recent")
            today.append("ces_saddle")
        if bladder:
            if recent:
                now.append("ces_bladder_recent")
            today.append("ces_bladder")
        if bowel:
            if recent:
                now.append("ces_bowel_recent")
            today.append("ces_bowel")
        if legs:
            if recent:
                now.append("ces_legs_recent")
            today.append("ces_legs")
        if sexual:
            if saddle or bladder or bowel or legs or both_legs:
                now.append("ces_sexual_with_others")
            fortnight.append("ces_sexual")
    if both_legs:
        if legs:
            now.append("bilateral_leg_pain_with_weakness")
        today.append("bilateral_leg_pain_new")
    weak, cord = a["leg_weakness"] == "yes", a["cord_signs"] == "yes"
    progressive = a["examined"] == "clinician" and a["neuro_exam"] == "abnormal_progressive"
    objective = a["new_objective_neuro"] == "yes"
    if weak:
        if legs or progressive:
            now.append("leg_weakness_spreading")
        today.append("leg_weakness")
    if cord:
        if legs:
            now.append("cord_signs_both_legs")
        today.append("cord_signs")
    if progressive:
        today.append("progressive_deficit")
    if objective:
        fortnight.append("new_objective_neuro")
    neurology = ces or both_legs or weak or cord or objective or progressive

    # Cancer
    age, days, site = a["age"], a["duration_days"], a["pain_site"]
    thoracic, tender = site in ("thoracic", "thoracolumbar"), a["focal_tenderness"] == "yes"
    loss, unwell = a["weight_loss"] == "yes", a["unwell"] == "yes"
    night, constant, growing = a["night_pain"] == "yes", a["constant_pain"] == "yes", a["progressive_pain"] == "yes"
    pattern = night or constant or growing
    first_age, bloods = a["first_onset_age"], a["bloods"]
    if a["cancer_history"] == "yes":
        if neurology:
            now.append("cancer_neurology")
        if pattern or thoracic or loss or tender or unwell:
            today.append("cancer_feature")
        fortnight.append("cancer_history")
    if loss:
        if age >= 60:
            fortnight.append("weight_loss_from_60")
        fortnight.append("weight_loss")
    if unwell:
        fortnight.append("unwell")
    if pattern and night + constant + growing + thoracic + (first_age >= 50) + tender >= 2:
        fortnight.append("pain_pattern_count")
    if age >= 60 and days >= 28 and a["course"] != "improving" and bloods != "normal":
        fortnight.append("age_60_bloods")
    if bloods == "abnormal":
        fortnight.append("bloods_abnormal")

    # Infection
    fever, risk, procedure = a["fever"] == "yes", a["infection_risk"] == "yes", a["recent_procedure"] == "yes"
    if fever:
        if risk or procedure:
            now.append("fever_at_risk")
        today.append("fever")
    if procedure:
        if neurology:
            now.append("recent_procedure_neurology")
        if pattern or a["course"] == "worse":
            today.append("recent_procedure_worse")
        fortnight.append("recent_procedure")
    if risk:
        if pattern:
            today.append("infection_risk_pattern")
        fortnight.append("infection_risk")
    if a["tb_risk"] == "yes" and (fever or unwell or loss):
        today.append("tb_pattern")
    if pattern and a["diabetes"] == "yes":
        fortnight.append("diabetes_pattern")

    # Fracture
    major, bruise, minor = a["major_trauma"] == "yes", a["spinal_bruise"] == "yes", a["minor_trauma"] == "yes"
    thinner, sudden, steroids = (
        a["anticoagulant"] == "yes",
        a["sudden_severe_onset"] == "yes",
        a["long_term_steroids"] == "yes",
    )
    if thinner and (major or bruise or minor):
        now.append("anticoagulant_trauma")
    if major:
        now.append("major_trauma")
    if bruise:
        today.append("spinal_bruise")
    if thinner and sudden:
        today.append("anticoagulant_onset")
    if (minor or sudden) and (age >= 70 or steroids or a["osteoporosis"] == "yes"):
        week.append("fragile_bone")
    if steroids:
        week.append("long_term_steroids")
    if a["deformity"] == "yes":
        week.append("deformity")

    # Inflammation
    if first_age < 45 and days > 91:
        signs = (
            (first_age < 35)
            + (a["spa_night_waking"] == "yes")
            + (a["spa_buttock_pain"] == "yes")
            + (a["spa_better_moving"] == "yes")
            + (a["spa_nsaid_response"] == "yes")
            + (a["spa_relative"] == "yes")
            + (a["spa_arthritis"] == "yes")
            + (a["spa_enthesitis"] == "yes")
            + (a["spa_psoriasis"] == "yes")
        )
        if signs >= 4:
            fortnight.append("axspa")
        elif signs == 3:
            if a["hla_b27"] == "positive":
                fortnight.append("axspa_hla_positive")
            elif a["hla_b27"] != "negative":
                fortnight.append("axspa_hla_test")

    # Vessels, organs and medicines
    if a["known_aaa"] == "yes":
        now.append("known_aaa")
    if a["collapse"] == "yes":
        now.append("collapse")
    if a["pulsatile_mass"] == "yes":
        now.append("pulsatile_mass")
    visceral = a["visceral"] == "yes"
    if a["sudden_severe_pain"] == "yes":
        if age >= 60 or visceral or a["hypertension"] == "yes" or a["smoker"] == "yes":
            now.append("sudden_severe_pain_at_risk")
        today.append("sudden_severe_pain")
    if a["chest_pain"] == "yes":
        now.append("chest_pain")
    if visceral:
        today.append("visceral")
    if a["ectopic"] == "yes":
        now.append("ectopic")
    if a["overdose"] == "yes":
        now.append("overdose")
    if a["gi_bleed"] == "yes":
        now.append("gi_bleed")

    # Mind
    plan, others = a["sh_plan"] == "yes", a["harm_others"] == "yes"
    thoughts, recent_harm, item_9 = a["sh_direct"] == "yes", a["sh_recent"] == "yes", a["phq9_9"] >= 1
    psychosis = a["psychosis"] == "yes"
    if plan:
        now.append("sh_plan")
    if others:
        now.append("harm_others")
    if psychosis and (plan or others or thoughts or recent_harm or item_9):
        now.append("psychosis_at_risk")
    if a["confusion"] == "yes":
        now.append("confusion")
    if thoughts:
        today.append("sh_direct")
    if recent_harm:
        today.append("sh_recent")
    if item_9:
        today.append("phq9_9")
    if psychosis:
        today.append("psychosis")
    if a["self_neglect"] == "yes":
        today.append("self_neglect")
    if a["safeguarding"] == "yes":
        today.append("safeguarding")
    if a["dependence"] == "yes":
        fortnight.append("dependence")

    # Imaging
    if imaging.flags:
        now += [each for each in ("imaging_immediate",) if each in imaging.flags]
        today += [each for each in ("imaging_same_day", "imaging_serious") if each in imaging.flags]
        fortnight += [each for each in LATER_IMAGING if each in imaging.flags]
    return now, today, week, fortnight
