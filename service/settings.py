"""Settings from the environment; `deploy/env.example` documents each of them."""

import os

import msgspec


class ServiceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a web process needs to know. Times are seconds."""

    database_url: str
    pool_size: int = 0
    pool_timeout: float = 5.0
    through_pgbouncer: bool = False
    request_timeout: float = 10.0
    body_limit: int = 256 * 1024
    import_limit: int = 20 * 1024 * 1024
    file_limit: int = 10 * 1024 * 1024
    file_quota: int = 1024 * 1024 * 1024
    streams: int = 1000
    trusted_proxies: str = ""
    webhook_networks: str = ""
    vapid_key: str = ""
    metrics_port: int = 0
    log_level: str = "info"
    demo: bool = False  #: set by `kollegium demo` alone: the log-in page offers its log-ins

    @property
    def upload_limit(self) -> int:
        """Of a body with a file of a lead: the file, and what a form has around it."""
        return self.file_limit + 64 * 1024

    @property
    def connections(self) -> int:
        """Size of the pool: `pool_size`, or when that is 0 twice the cores, from 6 to 10; more
        statements at once slow each other down (docs/decisions/0021), and of fewer each kind of
        work has one (docs/decisions/0025)."""
        return self.pool_size or min(10, max(6, 2 * (os.cpu_count() or 1)))


class SettingMissing(Exception):
    """A setting that a command needs is not set or not usable; the message says what to do."""


_VARIABLES = {
    "database_url": "DATABASE_URL",
    "pool_size": "KOLLEGIUM_POOL_SIZE",
    "pool_timeout": "KOLLEGIUM_POOL_TIMEOUT",
    "through_pgbouncer": "KOLLEGIUM_PGBOUNCER",
    "request_timeout": "KOLLEGIUM_REQUEST_TIMEOUT",
    "body_limit": "KOLLEGIUM_BODY_LIMIT",
    "import_limit": "KOLLEGIUM_IMPORT_LIMIT",
    "file_limit": "KOLLEGIUM_FILE_LIMIT",
    "file_quota": "KOLLEGIUM_FILE_QUOTA",
    "streams": "KOLLEGIUM_STREAMS",
    "trusted_proxies": "KOLLEGIUM_TRUSTED_PROXIES",
    "webhook_networks": "KOLLEGIUM_WEBHOOK_ALLOWED_NETWORKS",
    "vapid_key": "KOLLEGIUM_VAPID_KEY",
    "metrics_port": "KOLLEGIUM_METRICS_PORT",
    "log_level": "KOLLEGIUM_LOG_LEVEL",
}


def from_environment(**overrides: object) -> ServiceSettings:
    """Reads the settings; arguments that are not None win. Raises SettingMissing."""
    values: dict[str, object] = {
        field: os.environ[variable]
        for field, variable in _VARIABLES.items()
        if os.environ.get(variable)
    }
    values.update({key: value for key, value in overrides.items() if value is not None})
    if "database_url" not in values:
        raise SettingMissing("Set DATABASE_URL to the database, as role kollegium_api.")
    try:
        return msgspec.convert(values, ServiceSettings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingMissing(f"A setting is not usable: {error}") from error
