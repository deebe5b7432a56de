"""Which address leads to which door."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from clinic import admin, health
from clinic.api import problems
from clinic.web import errors

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("clinic.web.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("api/v1/", include("clinic.api.urls")),
    path("admin/", admin.site.urls),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """As the door says it that was knocked at."""
    if _is_for_programs(request):
        return problems.bad_request(request, exception)
    return errors.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """As the door says it that was knocked at."""
    return problems.server_error(request) if _is_for_programs(request) else errors.server_error(request)


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


handler400 = bad_request
handler403 = "clinic.web.errors.permission_denied"
handler404 = "clinic.web.errors.page_not_found"
handler500 = server_error
