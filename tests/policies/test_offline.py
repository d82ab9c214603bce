"""What `alembic upgrade head --sql` prints builds what `alembic upgrade head` builds."""

import os
import subprocess
import sys
from typing import Any

from tests.fixtures.database import ROOT, NewDatabase, connected, database
from tests.fixtures.programs import psql
from tests.policies.fingerprint import fingerprint


async def test_offline_script_builds_the_same(server: Any, new_database: NewDatabase) -> None:
    """`alembic upgrade head --sql`, applied with psql to an empty database."""
    environment = {key: value for key, value in os.environ.items() if "DATABASE" not in key}
    script = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    async with database(server.superuser_url) as urls:
        result = psql(urls.superuser, script)
        assert result.returncode == 0, result.stderr
        async with connected(urls.superuser) as connection:
            lines = await fingerprint(connection)
    async with new_database() as urls, connected(urls.superuser) as connection:
        assert lines == await fingerprint(connection)
