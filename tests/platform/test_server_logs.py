"""The server log tells as little about people where it is deployed as where it is embedded."""

import re
from pathlib import Path

from service.embedded.server import SETTINGS

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose.yaml"


def test_the_container_logs_no_more_than_the_embedded_server() -> None:
    given = dict(re.findall(r"- (log_\w+)=(\S+)", COMPOSE.read_text("utf-8")))
    quiet = {name: value for name, value in SETTINGS.items() if name.startswith("log_")}
    del quiet["log_timezone"]
    assert given == quiet
