"""Which release a site follows: the newest, the one it chose, and an earlier one again."""

from hashlib import sha256

import pytest
from django.core.exceptions import ValidationError

from clinic import protocols
from clinic.actions import activations, intakes, proving
from clinic.actions import protocols as releases
from clinic.actions.errors import Conflict
from clinic.models import Activation, AuditEvent, ProtocolRelease, Site, Unaudited, User
from clinic.permissions import NotAllowed, Role
from tests import factories
from tests.clinic import small_protocol as small


@pytest.fixture(autouse=True)
def proofs_that_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    small.expect_of_it_what_these_tests_do(monkeypatch)
    small.let_proofs(monkeypatch, hold=True)


@pytest.fixture
def approver(here: Site) -> User:
    return factories.user(Role.APPROVER, here)


@pytest.fixture
def old(here: Site) -> ProtocolRelease:
    return factories.publish(small.version("1.9.0"))


@pytest.fixture
def new(old: ProtocolRelease) -> ProtocolRelease:
    return factories.publish(small.version("1.10.0"))


def activate(site: Site, release: ProtocolRelease, by: User) -> Activation:
    return activations.activate(site=site, release=release, reason="Trained on it.", by=by)


def follow(site: Site) -> str:
    """The version that a new intake of the site is opened by."""
    release = protocols.followed_at(site, "small")
    assert release is not None
    return release.version


def test_a_site_that_chose_nothing_follows_the_newest(here: Site, new: ProtocolRelease) -> None:
    assert follow(here) == "1.10.0"


def test_a_site_follows_what_it_chose_and_no_other_does(
    here: Site, elsewhere: Site, old: ProtocolRelease, new: ProtocolRelease, approver: User, clerk: User
) -> None:
    activate(here, old, approver)
    assert (follow(here), follow(elsewhere)) == ("1.9.0", "1.10.0")
    intake = intakes.open(patient=factories.patient(here), by=clerk, protocol="small")
    assert intake.release == old


def test_going_back_is_another_activation_and_open_intakes_go_on(
    here: Site, old: ProtocolRelease, new: ProtocolRelease, approver: User, clerk: User
) -> None:
    activate(here, old, approver)
    activate(here, new, approver)
    intake = intakes.open(patient=factories.patient(here), by=clerk, protocol="small")
    activations.activate(site=here, release=old, reason="Too many questions.", by=approver)
    assert follow(here) == "1.9.0"
    assert intake.release == new
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk)
    rows = Activation.objects.filter(site=here).order_by("seq").values_list("seq", "release__version", "reason")
    assert list(rows) == [
        (1, "1.9.0", "Trained on it."),
        (2, "1.10.0", "Trained on it."),
        (3, "1.9.0", "Too many questions."),
    ]
    assert AuditEvent.objects.filter(site=here, action="protocol.activate").count() == 3


def test_what_a_site_chose_for_one_protocol_says_nothing_of_another(
    here: Site, new: ProtocolRelease, approver: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = small.version("9.9.9", ('id = "small"', 'id = "other"'))
    monkeypatch.setitem(proving._documents, sha256(other).hexdigest(), factories.PROVED | {"obligations": ""})
    activate(here, factories.publish(other), approver)
    assert follow(here) == "1.10.0"


def test_where_the_chosen_release_is_retired_the_site_follows_the_newest(
    here: Site, old: ProtocolRelease, new: ProtocolRelease, approver: User, clerk: User
) -> None:
    activate(here, old, approver)
    intake = intakes.open(patient=factories.patient(here), by=clerk, protocol="small")
    releases.advance(release=old, verb="retire", by=approver, reason="A source was withdrawn.")
    assert follow(here) == "1.10.0"
    intakes.answer(intake=intake, answers={"fever": "yes"}, by=clerk)
    with pytest.raises(Conflict, match="is: Retired"):
        activate(here, old, approver)


def test_where_nothing_is_published_no_intake_is_opened(
    here: Site, old: ProtocolRelease, approver: User, clerk: User
) -> None:
    activate(here, old, approver)
    releases.advance(release=old, verb="retire", by=approver, reason="A source was withdrawn.")
    with pytest.raises(Conflict, match="No release of this protocol is published"):
        intakes.open(patient=factories.patient(here), by=clerk, protocol="small")


def test_only_an_approver_of_the_site_activates(here: Site, elsewhere: Site, new: ProtocolRelease) -> None:
    others = [factories.user(role, here) for role in set(Role) - {Role.APPROVER}]
    for somebody in [*others, factories.user(Role.APPROVER, elsewhere)]:
        with pytest.raises(NotAllowed, match="choose which release"):
            activate(here, new, somebody)
    assert not Activation.objects.exists()


def test_what_cannot_be_followed_is_refused(here: Site, new: ProtocolRelease, approver: User) -> None:
    with pytest.raises(Conflict, match="is: Draft"):
        activate(here, small.draft(small.version("2.0.0")), approver)
    with pytest.raises(ValidationError, match="Say why"):
        activations.activate(site=here, release=new, reason=" ", by=approver)
    numberless = factories.site(is_live=False, crisis_line="")
    with pytest.raises(Conflict, match="no emergency number or no crisis line"):
        activate(numberless, new, factories.user(Role.APPROVER, numberless))
    activate(here, new, approver)
    with pytest.raises(Conflict, match="follows this release already"):
        activate(here, new, approver)
    assert Activation.objects.count() == 1


def test_an_activation_is_never_changed(here: Site, new: ProtocolRelease, approver: User) -> None:
    activation = activate(here, new, approver)
    activation.reason = "Another."
    with pytest.raises(Unaudited):
        activation.save()
    with pytest.raises(Unaudited):
        Activation.objects.update(reason="Another.")
