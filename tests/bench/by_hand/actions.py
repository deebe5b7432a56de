"""What each flag asks for."""

ED, TODAY, REVIEW = ("send_ed",), ("same_day_clinician",), ("clinician_review",)
SPINAL = ("same_day_clinician", "spinal_same_day_call", "urgent_mri")
CORD = ("send_ed", "mscc_coordinator")
AMBULANCE = ("call_ambulance", "send_ed")
BONE = ("clinician_review", "xray_or_mri_request")
CRISIS = ("crisis_team_stay_with_patient",)
MIND = ("mh_safety_conversation",)
ACTIONS: dict[str, tuple[str, ...]] = {
    "ces_saddle_recent": ED, "ces_saddle": SPINAL, "ces_bladder_recent": ED, "ces_bladder": SPINAL,
    "ces_bowel_recent": ED, "ces_bowel": SPINAL, "ces_legs_recent": ED, "ces_legs": SPINAL,
    "ces_sexual_with_others": ED, "ces_sexual": REVIEW,
    "bilateral_leg_pain_with_weakness": ED, "bilateral_leg_pain_new": SPINAL,
    "leg_weakness_spreading": ED, "leg_weakness": SPINAL, "cord_signs_both_legs": CORD,
    "cord_signs": ("same_day_clinician", "spinal_same_day_call"),
    "progressive_deficit": ("same_day_clinician", "spinal_same_day_call"), "new_objective_neuro": REVIEW,
    "cancer_neurology": CORD, "cancer_feature": ("same_day_clinician", "mscc_coordinator"), "cancer_history": REVIEW,
    "weight_loss_from_60": ("urgent_abdominal_ct", "suspected_cancer_pathway"),
    "weight_loss": ("suspected_cancer_pathway",), "unwell": ("clinician_review", "bloods_fbc_ca_esr"),
    "pain_pattern_count": REVIEW, "age_60_bloods": ("bloods_fbc_ca_esr",), "bloods_abnormal": REVIEW,
    "fever_at_risk": ED, "fever": TODAY, "recent_procedure_neurology": ED, "recent_procedure_worse": TODAY,
    "recent_procedure": REVIEW, "infection_risk_pattern": TODAY, "infection_risk": REVIEW, "tb_pattern": TODAY,
    "diabetes_pattern": REVIEW, "anticoagulant_trauma": ED, "major_trauma": ED,
    "spinal_bruise": ("same_day_clinician", "xray_or_mri_request"), "anticoagulant_onset": TODAY,
    "fragile_bone": BONE, "long_term_steroids": BONE, "deformity": BONE,
    "axspa": ("rheumatology_referral",), "axspa_hla_test": ("hla_b27_test",),
    "axspa_hla_positive": ("rheumatology_referral",),
    "known_aaa": ED, "collapse": AMBULANCE, "pulsatile_mass": ED, "sudden_severe_pain_at_risk": AMBULANCE,
    "sudden_severe_pain": TODAY, "chest_pain": AMBULANCE, "visceral": TODAY, "ectopic": ED, "overdose": ED,
    "gi_bleed": ED, "sh_plan": (*CRISIS, *MIND), "harm_others": CRISIS, "psychosis_at_risk": CRISIS, "confusion": ED,
    "sh_direct": MIND, "sh_recent": MIND, "phq9_9": MIND, "psychosis": TODAY, "self_neglect": TODAY,
    "safeguarding": ("safeguarding_lead", "same_day_clinician"), "dependence": ("medicines_review",),
    "imaging_immediate": ED, "imaging_same_day": ("same_day_clinician", "suspected_cancer_pathway"),
    "imaging_serious": ("same_day_clinician", "suspected_cancer_pathway"),
    "imaging_within_14_days": ("clinician_review", "suspected_cancer_pathway"),
    "imaging_sacroiliac": ("rheumatology_referral",), "imaging_red_flag_open": ("clinician_review", "chase_imaging"),
    "imaging_overdue": ("clinician_review", "obtain_report"), "imaging_structural": ("msk_spinal_triage",),
    "imaging_incidental": ("clinician_review", "suspected_cancer_pathway"),
}  # fmt: skip
