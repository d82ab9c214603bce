"""Receives webhooks of Kollegium: python receiver.py PORT

Needs `pip install standardwebhooks`, and the secret of the webhook in WEBHOOK_SECRET. Put a proxy
with a certificate in front of it. Prints a line for each event, once.
"""

import os
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

MOST_BYTES = 64 * 1024


class Seen:
    """Ids of what was worked off: a delivery may come more than once."""

    def __init__(self, path: str) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._database.execute("create table if not exists seen (id text primary key)")

    def is_new(self, delivery: str) -> bool:
        """Whether it is the first time; from then on it is not."""
        with self._lock, self._database:
            sql = "insert into seen values (?) on conflict do nothing"
            return self._database.execute(sql, (delivery,)).rowcount == 1


class Receiver(BaseHTTPRequestHandler):
    """Answers at once; what takes longer belongs into a queue of yours."""

    secret = os.environ.get("WEBHOOK_SECRET", "")
    seen = Seen(os.environ.get("WEBHOOK_SEEN", "seen.sqlite"))

    def do_POST(self) -> None:
        """A delivery: the signature is that of the body as it came."""
        length = int(self.headers.get("Content-Length", 0))
        if length > MOST_BYTES:
            return self._answer(413)
        body = self.rfile.read(length)
        try:
            event = Webhook(self.secret).verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):  # ValueError: what is no base64
            return self._answer(401)
        if self.seen.is_new(self.headers["webhook-id"]):
            data = event["data"]
            print(event["type"], data["id"], data.get("lead_id", ""), flush=True)
        return self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing else is printed."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    print("listening", server.server_port, flush=True)
    server.serve_forever()
