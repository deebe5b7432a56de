"""docs/security.md says of roles, limits and times what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from clinic import permissions
from clinic.actions import break_glass, lockout, tidying
from clinic.permissions import Capability, Role
from triage.wire import DEEPEST, LARGEST
from triage.wording import MAXIMUM_TEXT

PAGE = (Path(__file__).parent.parent / "docs" / "security.md").read_text(encoding="utf-8")
MINUTES = settings.AXES_COOLOFF_TIME.total_seconds() / 60
SAID = {
    "a session that is not used": f"**{settings.SESSION_COOKIE_AGE // 60} minutes** unused",
    "a session in all": f"**{settings.SESSION_LIFETIME.total_seconds() / 3600:.0f} hours** however much it is used",
    "from an address": f"| passwords and codes from an address | {settings.LIMITS['enter']} a minute |",
    "of a name": f"| the same of one name from there | {settings.LIMITS['guess']} a minute |",
    "searches": f"| searches of a person | {settings.LIMITS['search']} a minute |",
    "exports": f"the figures of the dashboard | {settings.LIMITS['export']} a minute |",
    "wrong passwords": f"| {settings.AXES_FAILURE_LIMIT}, then {MINUTES:.0f} minutes |",
    "a body": f"| {LARGEST // 1024} KB, {DEEPEST} levels deep, texts of {MAXIMUM_TEXT} characters |",
    "a token": f"token | {settings.REST_KNOX['TOKEN_TTL'].days} days |",
    "an emergency access": f"of one patient, for {break_glass.LASTS.total_seconds() / 60:.0f} minutes",
    "a known address": f"the lock-out alone | {lockout.KNOWN_FOR.days} days |",
    "a draft": f"saved or thrown away, {tidying.KEPT_DRAFTS.days} days at most",
    "a message": f"administrators | {tidying.KEPT_MESSAGES.days} days once delivered",
    "a record": f"the retention, {settings.RETENTION_YEARS} years by default",
    "a page": f"| a page of a list | {settings.REST_FRAMEWORK['PAGE_SIZE']} rows",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_the_page_says_how_much_and_how_long(said: str) -> None:
    assert said in PAGE


def test_the_page_says_which_role_may_do_what() -> None:
    rows = dict(re.findall(r"^\| ([^|]+) \| ([a-z, ]+) \|$", PAGE, re.MULTILINE))
    found = {each.value: rows.get(each.value, "").split(", ") for each in Capability}
    assert found == {
        each.value: [role.value for role in Role if each in permissions._TABLE[role]] for each in Capability
    }
