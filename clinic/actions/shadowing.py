"""Let a release that is not in use yet shadow the one that a site follows: evaluated beside it on new assessments.

Whoever is advised by the live release neither waits for the shadow nor is told of it: it is asked once
their own assessment is stored, and what goes wrong with it is kept as what it said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from clinic import clock, permissions, protocols
from clinic.actions import audit
from clinic.actions.errors import Conflict, conflict_on_duplicate
from clinic.actions.judging import Found, Judged, Told, said, told
from clinic.actions.protocol_steps import WRITABLE, where_it_stands
from clinic.actions.replaying import count, hold, keep_found
from clinic.models import ProtocolRelease, Replay, Site, User
from clinic.permissions import Capability
from clinic.shares import BEGINNING, Share
from triage.engine import ENGINE_VERSION

if TYPE_CHECKING:
    from clinic.models import Assessment

FAILED = "failed"  # in place of a disposition, where the shadow could say nothing
_LONGEST = 500  # characters of why it could not


@transaction.atomic
def start(*, release: ProtocolRelease, site: Site, by: User) -> Replay:
    """From now on the release is evaluated beside the live one on every new assessment of the site."""
    permissions.require(by, Capability.ACTIVATE_PROTOCOL, site)
    release.refresh_from_db(from_queryset=ProtocolRelease.objects.select_for_update())
    if release.status not in WRITABLE:
        raise Conflict(where_it_stands(release))
    with conflict_on_duplicate(_("A release shadows at this site already: stop that one first.")):
        shadow = Replay.objects.create(
            release=release,
            name=str(release),
            sha256=release.sha256,
            engine_version=ENGINE_VERSION,
            by=by,
            shadow_at=site,
        )
    detail = {"release": str(release), "sha256": release.sha256}
    audit.record(action="protocol.shadow", by=by, site=site, obj=shadow, detail=detail)
    return shadow


@transaction.atomic
def stop(*, shadow: Replay, by: User) -> None:
    """What it has found so far stays."""
    site = shadow.shadow_at
    if site is None:
        raise Conflict(_("This is no shadow."))
    permissions.require(by, Capability.ACTIVATE_PROTOCOL, site)
    hold(shadow)
    if shadow.finished_at:
        raise Conflict(_("This shadow has been stopped already."))
    shadow.finished_at = clock.now()
    shadow.save()
    audit.record(action="protocol.unshadow", by=by, site=site, obj=shadow, detail={"done": shadow.done})


def beside(assessment: Assessment) -> None:
    """Ask the shadow of the site, if it has one of this protocol, what it says of the same answers.

    Called once the assessment is stored for good. A text that was changed since is not the one that was
    let in, and says nothing.
    """
    shadow = _shadow_of(assessment)
    if shadow is None or shadow.release is None:
        return
    old, new = told(assessment.outcome), _said(shadow.release, assessment)
    judged = Judged(Share(BEGINNING, assessment.pk), number=1)
    disposition = new.advice.disposition if isinstance(new, Told) else FAILED
    judged.table[old.advice.disposition, disposition] = 1
    if not isinstance(new, Told):
        judged.found.append(_found(assessment, old, {"disposition": FAILED, "error": new}))
    elif new.advice != old.advice:
        judged.found.append(_found(assessment, old, new.as_document()))
    with transaction.atomic():
        hold(shadow)
        keep_found(shadow, judged)
        count(shadow, judged)
        shadow.save()


def _shadow_of(assessment: Assessment) -> Replay | None:
    """One short query for every assessment, whether or not anything shadows; a site has one shadow at most."""
    running = Replay.objects.running().filter(shadow_at=assessment.site_id)
    if not list(running.order_by().values_list("pk")):
        return None
    shadows = running.filter(sha256=F("release__sha256"), release__protocol=assessment.release.protocol)
    return shadows.select_related("release").defer("release__source").first()


def _said(release: ProtocolRelease, assessment: Assessment) -> Told | str:
    """What the release says, or why it says nothing."""
    try:
        return said(protocols.get(release), assessment.answers, on=assessment.on)
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with a draft, the patient's way goes on
        return f"{type(error).__name__}: {error}"[:_LONGEST]


def _found(assessment: Assessment, old: Told, new: dict[str, Any]) -> Found:
    return Found(assessment.pk, assessment.site_id, old.as_document(), new)
