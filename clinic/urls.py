"""Which address leads to which door."""

from django.urls import URLPattern, URLResolver, include, path

from clinic import admin

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("clinic.web.urls")),
    path("api/v1/", include("clinic.api.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "clinic.web.errors.bad_request"
handler403 = "clinic.web.errors.permission_denied"
handler404 = "clinic.web.errors.page_not_found"
handler500 = "clinic.web.errors.server_error"
