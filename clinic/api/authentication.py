"""Who is calling: a program by its token, or a person by the session of their browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from clinic import clock

if TYPE_CHECKING:
    from clinic.models import ApiToken


class BearerToken(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Bearer yf_...`; anything that cannot be a token is refused before it is looked up."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not token.replace(b"_", b"").isalnum():
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Refuse it where it has expired. Others of the same user are not looked for: that would be a query more."""
        return auth_token.expiry is not None and auth_token.expiry < clock.now()


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """How the description of the door names the token."""

    target_class = BearerToken
    name = "bearer_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token that an administrator of the site issued."}
