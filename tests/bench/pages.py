"""The pages whose server time is to stay the same however many intakes there are, and who opens them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.test import Client
from django.urls import reverse

from clinic import waiting
from clinic.models import Intake, Patient, User, WorkItem
from clinic.permissions import Role
from tests.bench.seeding import at_all, at_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page as one person asks for it."""

    name: str
    who: str
    address: str
    posted: Mapping[str, str] | None = None

    @property
    def is_admin(self) -> bool:
        return self.address.startswith(reverse("admin:index"))


@dataclass(slots=True)
class Browser:
    """People who are logged in, each once."""

    clients: dict[str, Client] = field(default_factory=dict)

    def opener(self, page: Page) -> Callable[[], Any]:
        """Opens the page; anything but a page is an error."""
        client = self._client(page.who)

        def opened() -> Any:
            response = client.get(page.address) if page.posted is None else client.post(page.address, page.posted)
            if response.status_code != 200:
                raise RuntimeError(f"{page.name}: {response.status_code}")
            return response

        return opened

    def _client(self, who: str) -> Client:
        if who not in self.clients:
            self.clients[who] = Client(SERVER_NAME="localhost")
            self.clients[who].force_login(User.objects.get(username=who))
        return self.clients[who]


_HERE, _EVERYWHERE = at_one(Role.CLINICIAN), at_all(Role.CLINICIAN)
_FILTERS: tuple[dict[str, str], ...] = (
    {"whose": "mine"},
    *({"kind": kind} for kind in ("stop", "answers", "decision", "report", "class", "referral")),
    *({"stage": stage} for stage in ("sent", "seen")),
    {"service": "cbt"},
    *({"disposition": disposition} for disposition in ("emergency", "refer")),
    *({"late": late} for late in ("overdue", "escalated")),
    {"kind": "referral", "late": "overdue", "whose": "mine"},
)


def pages() -> list[Page]:
    """Every page, as the present database has it."""
    return [*_worklist(), *_patients(), *_dashboard(), *_admin(), *_api()]


def _worklist() -> Iterator[Page]:
    address = reverse("worklist")
    yield Page(name="worklist, first page", who=_HERE, address=address)
    yield Page(name="worklist, page in the middle", who=_HERE, address=f"{address}?{urlencode({'after': _middle()})}")
    for name, query in (("", ""), (", mine", "?whose=mine")):
        yield Page(name=f"worklist of somebody busy{name}", who=_busy(), address=f"{address}{query}")
    for wanted in _FILTERS:
        named = " ".join(wanted.values())
        yield Page(name=f"worklist, {named}", who=_HERE, address=f"{address}?{urlencode(wanted)}")


def _busy() -> str:
    """Whose worklist is the longest, with two years of work behind them; the others here have done nothing yet."""
    owners = WorkItem.objects.order_by().values_list("owner__username").annotate(number=Count("pk"))
    name: str = owners.order_by("-number")[0][0]
    return name


def _middle() -> str:
    """Where the second half of a site's worklist begins."""
    rows = waiting.waiting(user=User.objects.get(username=_HERE), wanted={}).qs
    return waiting.page(rows, size=rows.count() // 2).following


def _patients() -> Iterator[Page]:
    patient = _patient()
    full = f"{patient.given_name} {patient.family_name}"
    for what, words in (("reference", patient.reference), ("full name", full), ("nobody's name", "Zzyzx")):
        yield Page(name=f"patients by {what}", who=_HERE, address=reverse("find_patient"), posted={"words": words})


def _patient() -> Patient:
    user = User.objects.get(username=_HERE)
    patient = Patient.objects.visible_to(user).order_by("id").first()
    assert patient is not None
    return patient


def _dashboard() -> Iterator[Page]:
    for period in ("12", "52", "all"):
        address = f"{reverse('admin:index')}?{urlencode({'period': period})}"
        yield Page(name=f"dashboard, {period}", who=_EVERYWHERE, address=address)


def _admin() -> Iterator[Page]:
    reference = _patient().reference
    for model in ("patient", "intake", "assessment", "decision", "referral"):
        address = reverse(f"admin:clinic_{model}_changelist")
        yield Page(name=f"admin, {model}s", who=_EVERYWHERE, address=address)
        yield Page(name=f"admin, {model}s, page 5", who=_EVERYWHERE, address=f"{address}?p=5")
        yield Page(name=f"admin, {model}s of a patient", who=_EVERYWHERE, address=f"{address}?q={reference}")
    yield from _narrowed()
    trail = reverse("admin:clinic_auditevent_changelist")
    auditor, everywhere = at_one(Role.AUDITOR), at_all(Role.AUDITOR)
    yield Page(name="admin, trail of a site", who=auditor, address=trail)
    yield Page(name="admin, trail", who=everywhere, address=trail)
    yield Page(name="admin, trail, page 5", who=everywhere, address=f"{trail}?p=5")
    for what, word in (
        ("a frequent action", "intake.answer"),
        ("a rare action", "protocol.publish"),
        ("a user", _busy()),
        ("nobody", "zzyzx"),
        ("a patient", str(_patient().pk)),
    ):
        yield Page(name=f"admin, trail of {what}", who=everywhere, address=f"{trail}?q={word}")


def _narrowed() -> Iterator[Page]:
    for model, narrowed in (
        ("intake", "status__exact=open"),
        ("assessment", "disposition=emergency"),
        ("referral", "service=cbt"),
    ):
        address = f"{reverse(f'admin:clinic_{model}_changelist')}?{narrowed}"
        yield Page(name=f"admin, {model}s, {narrowed.partition('=')[2]}", who=_EVERYWHERE, address=address)


def _api() -> Iterator[Page]:
    newest_first = list(Intake.objects.order_by("-pk").values_list("pk", flat=True))
    middle = urlencode({"cursor": b64encode(urlencode({"p": newest_first[len(newest_first) // 2]}).encode())})
    intakes, worklist = reverse("api:intakes"), reverse("api:worklist")
    yield Page(name="API, intakes", who=_EVERYWHERE, address=intakes)
    yield Page(name="API, intakes, page in the middle", who=_EVERYWHERE, address=f"{intakes}?{middle}")
    yield Page(name="API, intakes, open", who=_EVERYWHERE, address=f"{intakes}?status=open")
    yield Page(name="API, worklist of a site", who=_HERE, address=worklist)
    yield Page(name="API, worklist of all sites", who=_EVERYWHERE, address=worklist)
