"""The life of a referral as a clinician would write it down, apart from the code that follows it."""

from clinic.permissions import Role

# verb: the stages from which it may be taken, the stage that it leads to, who may, and what has to be said
LIFE: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "accept": ("proposed declined", "accepted", "clinician", ()),
    "send": ("accepted", "sent", "clinician", ("destination",)),
    "receive": ("sent", "received", "clerk clinician integrator", ()),
    "book": ("sent received booked", "booked", "clerk clinician integrator", ("appointment",)),
    "see": ("sent received booked", "seen", "clerk clinician integrator", ()),
    "close": ("seen", "closed", "clerk clinician integrator", ("reason",)),
    "decline": ("sent received booked", "declined", "clerk clinician integrator", ("reason",)),
    "cancel": ("proposed accepted sent received booked declined", "cancelled", "clinician", ("reason",)),
}
STAGES = ("proposed", "accepted", "sent", "received", "booked", "seen", "closed", "declined", "cancelled")
# The shortest way to each stage from a decision that accepts it; the first and the last need none.
WAYS = {
    "accepted": "",
    "sent": "send",
    "received": "send receive",
    "booked": "send book",
    "seen": "send see",
    "closed": "send see close",
    "declined": "send decline",
    "cancelled": "cancel",
}


def may(role: Role, verb: str) -> bool:
    return role.value in LIFE[verb][2].split()


def leads_from(stage: str, verb: str) -> bool:
    return stage in LIFE[verb][0].split()
