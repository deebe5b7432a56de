"""Which address leads to which door."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from clinic import admin, health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("clinic.web.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("api/v1/", include("clinic.api.urls")),
    path("admin/", admin.site.urls),
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
]

handler400 = "clinic.web.errors.bad_request"
handler403 = "clinic.web.errors.permission_denied"
handler404 = "clinic.web.errors.page_not_found"
handler500 = "clinic.web.errors.server_error"
