"""`kollegium demo`: from an empty directory to a picked lead, and a clean end."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.fixtures.database import ROOT


class Demo:
    """A running demo."""

    def __init__(self, data_dir: Path) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "PG"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "service", "demo", "--port", "0", "--json",
             "--data-dir", str(data_dir)],
            cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(f"the demo did not start: {self.process.communicate()[1][-2000:]}")
        self.ready: dict[str, Any] = json.loads(line)
        self.http = httpx.Client(base_url=self.ready["base_url"])

    def stop(self) -> int:
        """SIGTERM; returns the exit code. Nothing more may have been printed."""
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate(timeout=30)
        assert output == ""
        return self.process.returncode

    def log_in(self, email: str, password: str) -> dict[str, str]:
        """The headers of a colleague's requests."""
        session = self.http.post("/sessions", json={"email": email, "password": password})
        assert session.status_code == 201, session.text
        return {"Authorization": f"Bearer {session.json()['token']}"}

    def items(self, path: str, headers: dict[str, str]) -> list[dict[str, Any]]:
        """The first page of a list."""
        answer = self.http.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Outside pytest's own directories: as root the server's account must be able to pass."""
    with tempfile.TemporaryDirectory(prefix="kollegium-demo-") as name:
        Path(name).chmod(0o711)
        yield Path(name) / "data"


def reachable(url: str) -> bool:
    """Whether somebody listens on the database's port."""
    port = urlsplit(url).port
    assert port
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_demo_from_nothing_to_a_clean_end(data_dir: Path) -> None:
    demo = Demo(data_dir)
    logins = demo.ready["logins"]
    assert set(logins[0]) == {
        "company", "colleague", "email", "password", "role", "capacities"
    }  # fmt: skip
    assert {role for login in logins for role in login["capacities"]} == {
        "operator", "giver", "taker"
    }  # fmt: skip
    takers = {login["company"] for login in logins if "taker" in login["capacities"]}
    assert len(takers) >= 6
    sizes = Counter(login["company"] for login in logins).values()
    assert (min(sizes), max(sizes)) == (1, 5)

    for login in logins:  # every log-in works and has something to see
        headers = demo.log_in(login["email"], login["password"])
        for capacity in login["capacities"]:
            assert demo.items(f"/leads?as={capacity}", headers), (login["email"], capacity)

    anna, ben = (login for login in logins if login["email"].startswith(("anna@", "ben@")))
    as_anna = demo.log_in(anna["email"], anna["password"])
    as_ben = demo.log_in(ben["email"], ben["password"])
    offer = demo.items("/offers?state=open", as_anna)[0]
    lead = f"/marketplaces/{offer['marketplace_id']}/leads/{offer['lead_id']}"
    assert demo.http.post(f"{lead}/pick", headers=as_anna).status_code == 200
    assert demo.http.get(lead, headers=as_ben).json()["prospect"]["name"]

    secrets = data_dir / "urls.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    before = demo.ready["database"]
    assert set(before) == {"api", "auditor", "owner"}
    assert reachable(before["api"])
    assert demo.stop() == 0
    assert not reachable(before["api"]), "the database still runs"

    again = Demo(data_dir)  # the same passwords, the same world with its changes
    try:
        password = urlsplit(before["api"]).password
        assert urlsplit(again.ready["database"]["api"]).password == password
        as_ben = again.log_in(ben["email"], ben["password"])
        assert again.http.get(lead, headers=as_ben).json()["state"] == "engaged"
    finally:
        assert again.stop() == 0
