"""Who is calling: a program by its token, or a person by the session of their browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from clinic import clock
from clinic.actions import origin

if TYPE_CHECKING:
    from clinic.models import ApiToken


class BearerToken(TokenAuthentication):  # type: ignore[misc]  # knox ships no types
    """`Authorization: Bearer yf_...`; anything that cannot be a token is refused before it is looked up."""

    def authenticate_credentials(self, token: bytes) -> Any:
        if not token.replace(b"_", b"").isalnum():
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(token)

    def validate_user(self, auth_token: ApiToken) -> Any:
        """The person, able to do no more than the token is for; the trail tells of the token."""
        user, token = super().validate_user(auth_token)
        user.scope = token.scope
        origin.note_token(token.token_key)
        return user, token

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Refuse it where it has expired. Others of the same user are not looked for: that would be a query more."""
        return auth_token.expiry is not None and auth_token.expiry < clock.now()


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself, untyped
    """How the description of the door names the token."""

    target_class = BearerToken
    name = "bearer_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of a person's own, or one that an administrator issued to an integrator.",
        }
