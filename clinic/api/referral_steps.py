"""The steps of a referral: one address for each verb of the table that pages and commands use too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clinic.actions import referrals
from clinic.actions.referral_steps import STEPS, Verb
from clinic.api.description import changes_what_was_read
from clinic.api.door import Address, find, shown
from clinic.api.fields import Day, Strict, Text
from clinic.api.referrals import ReferralShown, tag_of_referral, visible
from clinic.models import Referral

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

    from clinic.models import User


def _body(verb: Verb) -> type[Strict]:
    """What is said with the verb: what it needs, and a reason with any."""
    needs = STEPS[verb].needs
    fields: dict[str, Any] = {"reason": Text(max_length=2000, required="reason" in needs, allow_blank=True)}
    if "destination" in needs:
        fields["destination"] = Text(max_length=200)
    if "appointment" in needs:
        fields["appointment"] = Day()
    return type(f"Referral{verb.name.title()}Body", (Strict,), fields)


def address(verb: Verb) -> type[Address]:
    """The address of one verb."""
    shape = _body(verb)

    class ReferralStep(Address):
        __doc__ = f"One step of a referral: {verb}."

        @changes_what_was_read(
            f"Take the step `{verb}`; from {', '.join(STEPS[verb].before)} to {STEPS[verb].after}",
            ReferralShown,
            body=shape,
        )
        def post(self, request: Request, id: UUID) -> Response:  # noqa: A002 -- as the address calls it
            rows = Referral.objects.visible_to(self.caller).select_related("site", "assessment__site", "patient")
            referral, said = find(rows, id), self.body(shape)
            said["expected_seq"] = self.expected()
            return self.reply(200, lambda: _take(referral, verb, said, self.caller), tag=tag_of_referral)

    return ReferralStep


def _take(referral: Referral, verb: Verb, said: dict[str, Any], by: User) -> Any:
    referrals.advance(referral=referral, verb=verb, by=by, **said)
    return shown(ReferralShown, find(visible(by), referral.pk))
