"""The dashboard: counted by hand it comes to the same, and small groups stay unseen."""

import csv
import html
import io
from collections import Counter
from datetime import timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from clinic import clock
from clinic.actions import chasing, counting, decisions, intakes, referrals
from clinic.models import Assessment, AuditEvent, DayCount, Decision, Referral, ReferralStatus, Site, User, WorkItem
from clinic.permissions import Role
from clinic.reports.export import tables_as_csv
from clinic.reports.figures import Period, figures, percentile
from clinic.reports.suppression import share, shown, shown_total
from clinic.reports.tables import Table, cell_text, tables
from tests import factories

STORY = [("clear_adult", {}), ("distressed_after_treatment", {}), ("clear_adult", {"weight_loss": "yes"})] * 2 + [
    ("clear_adult", {"fever": "not_sure"})
]


@pytest.fixture
def worked(here: Site, clinician: User) -> Site:
    """A clinic with a past of some weeks: completed, decided, referred, late."""
    for number, (baseline, changed) in enumerate(STORY):
        with clock.at(clock.now() - timedelta(days=21 - 3 * number)):
            assessment = factories.assessment(here, clinician, baseline, **changed)
            intakes.complete(intake=assessment.intake, by=clinician)
        with clock.at(clock.now() - timedelta(days=20 - 3 * number)):
            kind = {"kind": "rejected", "reason": "patient_preference"} if number == 3 else {"kind": "accepted"}
            decisions.decide(assessment=assessment, by=clinician, **kind)
        for referral in Referral.objects.filter(assessment=assessment):
            with clock.at(clock.now() - timedelta(days=19 - 3 * number)):
                referrals.advance(referral=referral, verb="send", destination="Riverside", by=clinician)
    chasing.chase()
    counting.summarise()
    return here


def everything(site: Site) -> Period:
    today = clock.today(None)
    return Period(first=today - timedelta(days=60), last=today, today=today)


def test_the_figures_are_those_of_a_count_by_hand(worked: Site) -> None:
    found = figures([worked.pk], everything(worked))
    completed = [
        Assessment.objects.get(pk=event.detail["assessment"])
        for event in AuditEvent.objects.filter(site=worked, action="intake.complete")
    ]
    assert found.of("completed") == Counter(each.disposition for each in completed)
    by_hand: Counter[str] = Counter()
    for each in completed:
        by_hand.update(one["flag"] for one in each.outcome["findings"] if one["state"] == "present")
    assert found.of("flag_present") == by_hand
    unsure = Counter(
        name for each in completed for name, answer in each.answers.items() if answer["value"] == "not_sure"
    )
    assert found.of("not_sure") == unsure
    for kind in ("accepted", "rejected"):
        assert sum(found.of(f"decision_{kind}").values()) == Decision.objects.filter(kind=kind).count()
    sent = ReferralStatus.objects.filter(status="sent")
    assert sum(n for key, n in found.of("referral").items() if key.endswith("|sent")) == sent.count() > 0
    waited = Counter((each.at - each.referral.created_at).days for each in sent)
    histogram: Counter[int] = Counter()
    for key, number in found.of("days_to").items():
        if key.split("|")[1] == "sent":
            histogram[int(key.split("|")[2])] += number
    assert histogram == waited
    weeks: Counter[object] = Counter()
    for event in AuditEvent.objects.filter(site=worked, action="intake.complete"):
        weeks[event.at.date() - timedelta(days=event.at.weekday())] += 1
    assert {week: sum(counts.values()) for week, counts in found.weekly.items()} == weeks
    late = WorkItem.objects.filter(site=worked, due__lt=clock.now()).count()
    assert sum(found.work.overdue.values()) == late > 0


def test_counting_again_and_counting_anew_come_to_the_same(worked: Site) -> None:
    def counted() -> set[tuple[object, ...]]:
        rows = DayCount.objects.exclude(measure="through")
        return set(rows.values_list("site", "day", "measure", "key", "release", "number"))

    before = counted()
    assert before
    counting.summarise()
    assert counted() == before
    call_command("summarise", "--anew")
    assert counted() == before


@pytest.mark.parametrize("gap", [1, 4, 9])
def test_counting_now_and_then_comes_to_the_same_as_counting_once(worked: Site, gap: int) -> None:
    rows = DayCount.objects.exclude(measure="through").values_list("day", "measure", "key", "number")
    once = set(rows)
    DayCount.objects.all().delete()
    for days_ago in range(24, -1, -gap):
        with clock.at(clock.now() - timedelta(days=days_ago)):
            counting.summarise()
    counting.summarise()
    assert set(rows.all()) == once


def test_sums_of_months_and_days_come_to_those_of_the_days(worked: Site) -> None:
    days = list(DayCount.objects.exclude(measure="through"))
    for length, ended in product((1, 12, 27, 45, 60), (0, 1, 9, 30)):
        last = clock.today(None) - timedelta(days=ended)
        period = Period(first=last - timedelta(days=length), last=last, today=clock.today(None))
        by_day: Counter[tuple[str, str, str]] = Counter()
        for row in days:
            if period.first <= row.day <= period.last:
                by_day[row.measure, row.key, row.release] += row.number
        assert figures([worked.pk], period).totals == by_day, period


def test_what_happens_later_leaves_an_earlier_day_as_it_was_counted(worked: Site, clinician: User) -> None:
    before = figures([worked.pk], everything(worked)).of("completed")
    intake = Assessment.objects.filter(site=worked).order_by("at")[0].intake
    intakes.reopen(intake=intake, reason="A correction.", by=clinician)
    counting.summarise(anew=True)
    assert figures([worked.pk], everything(worked)).of("completed") == before


def test_another_sites_figures_are_not_shown(worked: Site, elsewhere: Site) -> None:
    found = figures([elsewhere.pk], everything(worked))
    assert found.of("completed") == {}
    assert sum(found.work.waiting.values()) == 0


@given(st.lists(st.integers(0, 40), min_size=1, max_size=8))
def test_no_small_group_can_be_told_from_the_others_and_their_total(parts: list[int]) -> None:
    seen, total = [shown(part) for part in parts], shown_total(parts)
    assert all(each is None or each == 0 or each >= 10 for each in [*seen, total])
    hidden = [part for part, each in zip(parts, seen, strict=True) if each is None]
    if total is not None and hidden:
        assert len(hidden) > 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_share_is_shown_only_of_groups_that_may_be_seen(part: int, rest: int) -> None:
    if share(part, part + rest) is not None:
        assert all(each == 0 or each >= 10 for each in (part, rest))


@given(st.lists(st.integers(0, 50), min_size=1))
def test_the_median_and_the_ninetieth_percentile_are_by_nearest_rank(waited: list[int]) -> None:
    ordered = sorted(waited)
    for each in (0.5, 0.9):
        rank = -(-round(each * 100) * len(ordered) // 100)
        assert percentile(Counter(waited), each) == ordered[rank - 1]


def test_a_group_of_one_to_nine_is_shown_nowhere(worked: Site) -> None:
    made = tables(figures([worked.pk], everything(worked)), factories.published_release())
    clinical = [table for table in made if table.name not in ("overdue", "referrals", "times")]
    numbers = [cell for table in clinical for _, cells in table.rows for cell in cells if isinstance(cell, int)]
    assert numbers
    assert [each for each in numbers if 0 < each < 10] == []
    values = [line["value"] for line in csv.DictReader(io.StringIO(tables_as_csv(clinical)[1:]))]
    assert "< 10" in values
    assert [each for each in values if each.isdecimal() and 0 < int(each) < 10] == []


@pytest.mark.parametrize(
    "label", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "\u00a0=1", "\uff1d1", "\uff201"]
)
def test_no_cell_of_the_export_is_a_formula(label: str) -> None:
    table = Table(name="t", title="", note="", columns=(label,), rows=[(label, (label,))])
    (line,) = csv.DictReader(io.StringIO(tables_as_csv([table])[1:], newline=""))
    assert line == {"table": "t", "row": f"'{label}", "column": f"'{label}", "value": f"'{label}"}


@pytest.mark.parametrize(("language", "between"), [("en-gb", ","), ("de", ";")])
def test_a_spreadsheet_opens_the_export_in_its_own_language(language: str, between: str) -> None:
    table = Table(
        name="t", title="", note="", columns=("R\xfcckmeldung",), rows=[('Gr\xf6\xdfe; gro\xdf, "rot"', (1,))]
    )
    with override(language):
        written = tables_as_csv([table]).encode()
    assert written.startswith(b"\xef\xbb\xbf")
    _header, line = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=between)
    assert line == ["t", 'Gr\xf6\xdfe; gro\xdf, "rot"', "R\xfcckmeldung", "1"]


def manager(client: Client, at: Site) -> Client:
    client.force_login(factories.user(Role.ADMIN, at))
    return client


def test_the_page_its_plot_and_its_export_say_the_same(client: Client, worked: Site) -> None:
    manager(client, worked)
    page = client.get(reverse("admin:index"), {"period": "all"})
    assert page.status_code == 200
    lines = list(
        csv.DictReader(
            io.StringIO(client.get(reverse("admin:dashboard_csv"), {"period": "all"}).content.decode("utf-8-sig"))
        )
    )
    on_page = {
        (table.name, label, column, cell_text(cell))
        for table in page.context["board"].tables
        for label, cells in table.rows
        for column, cell in zip(table.columns, cells, strict=True)
    }
    assert {tuple(line.values()) for line in lines} == on_page
    plot = client.get(reverse("admin:dashboard_plot", args=["weekly"]))
    assert plot["Content-Type"] == "image/svg+xml"
    assert b"<svg" in plot.content
    assert "meaning" in client.get(reverse("admin:dashboard_dictionary")).content.decode()


@pytest.mark.parametrize("wrong", [{"period": "3"}, {"site": "x"}, {"period": "\xa0"}])
def test_a_choice_that_is_none_is_named_and_nothing_is_shown(
    client: Client, worked: Site, wrong: dict[str, str]
) -> None:
    manager(client, worked)
    page = client.get(reverse("admin:index"), wrong)
    assert page.context["board"].form.errors
    assert page.context["board"].tables == ()
    assert client.get(reverse("admin:dashboard_csv"), wrong).status_code == 404


def test_the_page_takes_few_queries(client: Client, worked: Site, django_assert_max_num_queries) -> None:
    manager(client, worked)
    with django_assert_max_num_queries(
        11
    ):  # of which the session and its renewal take five, the clocks of the site one
        client.get(reverse("admin:index"))


def test_an_unused_clinic_has_a_dashboard_too(client: Client, here: Site) -> None:
    manager(client, here)
    page = client.get(reverse("admin:index"))
    tables = page.context["board"].tables
    assert tables
    assert {cell for table in tables for _name, cells in table.rows for cell in cells} <= {0, None, "\N{EN DASH}"}
    assert all(str(table.title) in html.unescape(page.content.decode()) for table in tables)


def test_where_every_group_is_small_the_page_says_so_instead_of_drawing_nothing(client: Client, worked: Site) -> None:
    manager(client, worked)
    page = client.get(reverse("admin:index"), {"period": "all"})
    plotted = [table for table in page.context["board"].tables if table.plotted and table.rows]
    assert plotted
    assert page.content.decode().count("nothing to draw") == len(plotted)
    assert ".svg?" not in page.content.decode()


@pytest.mark.parametrize(("cells", "drawn"), [((None, 0), 0), ((0, 12), 1), ((None, 0, 12), 0)])
def test_only_what_is_plotted_counts_for_a_plot(cells: tuple[int | None, ...], drawn: int) -> None:
    table = Table(name="t", title="", note="", columns=("a", "b", "c"), rows=[("row", cells)], plotted=2)
    assert table.can_be_drawn == drawn
