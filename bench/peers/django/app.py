"""The peer: a lead and a list of leads as one would write them with Django and REST framework.

Row security as the service has it: the same role on the same world, a transaction for each request
(`ATOMIC_REQUESTS`), and in it the context of the bearer token. No query filters by company.
"""

import os
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application

_url = urlsplit(os.environ["DATABASE_URL"])
_size = int(os.environ["KOLLEGIUM_POOL_SIZE"])

settings.configure(
    SECRET_KEY=os.urandom(16).hex(),
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF="urls",
    USE_TZ=True,
    TIME_ZONE="UTC",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["rest_framework"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": _url.hostname,
            "PORT": _url.port,
            "USER": _url.username,
            "PASSWORD": _url.password,
            "NAME": _url.path.lstrip("/"),
            "ATOMIC_REQUESTS": True,
            "OPTIONS": {"pool": {"min_size": _size, "max_size": _size}},
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["tokens.Token"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()
application = get_wsgi_application()
