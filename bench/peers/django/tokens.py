"""Who calls: whoever PostgreSQL knows by the bearer token."""

from django.db import DatabaseError, connection
from rest_framework import authentication, exceptions


class Caller:
    """Somebody with a valid token; what he may see PostgreSQL knows."""

    is_authenticated = True


class Token(authentication.BaseAuthentication):
    """Enters the context of the bearer token in the transaction of the request."""

    def authenticate(self, request):
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            with connection.cursor() as cursor:
                cursor.execute("select app.enter_to_read(%s)", [token])
        except DatabaseError as error:
            raise exceptions.AuthenticationFailed from error
        return Caller(), token

    def authenticate_header(self, request):
        return "Bearer"
