"""The administration itself: who gets in, what its first page shows."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from clinic import clock, permissions
from clinic.admin import break_glass, dashboard
from clinic.models import User
from clinic.permissions import Capability

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.template.response import TemplateResponse


_ELSEWHERE = ("password_change", "password_change_done")  # one page for everybody: clinic.web.password


class YellowflagAdmin(AdminSite):
    """Django's administration, asked of the one table of permissions and of nothing else."""

    site_header = site_title = "Yellowflag"
    index_title = _("Administration")
    index_template = "admin/clinic/index.html"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and permissions.may_somewhere(user, Capability.USE_ADMIN)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 -- Django's signature
        """Every page shows its times by the clocks of the person's site, until it is about a row of another."""

        @wraps(view)
        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if isinstance(request.user, User):
                clock.show(request.user.home)
            return view(request, *args, **kwargs)

        return super().admin_view(shown, cacheable)

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The one log-in page of the product; whoever has logged in and may not enter is told so."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", reverse("admin:index")))

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        assert isinstance(request.user, User)  # noqa: S101 -- `has_permission` let nobody else in
        shown = {
            "board": dashboard.dashboard(request.user, request.GET),
            "unreviewed": break_glass.unreviewed(request.user),
        }
        return super().index(request, shown | (extra_context or {}))

    def get_urls(self) -> list[Any]:
        stock = [each for each in super().get_urls() if getattr(each, "name", "") not in _ELSEWHERE]
        return [*dashboard.urls(self), *stock]
