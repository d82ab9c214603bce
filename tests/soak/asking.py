"""One client that asks, one request after the other, and tells how long each answer took.

`python -m tests.soak.asking` reads from its standard input what to ask, as JSON: `port`, `seconds`,
`pause` between two requests, and `requests`, which take turns: method, path, headers, body. It
prints milliseconds and status of each. A process of its own, so that what loads the service does
not keep it from reading its clock.
"""

import http.client
import itertools
import json
import sys
import time


def _ask(connection: http.client.HTTPConnection, request: list[str | dict[str, str]]) -> int:
    method, path, headers, body = request
    connection.request(method, path, body or None, headers)  # type: ignore[arg-type]
    answer = connection.getresponse()
    answer.read()
    return answer.status


def main() -> None:
    """Until the time is up, or each request was sent once where `seconds` is 0."""
    given = json.load(sys.stdin)
    connection = http.client.HTTPConnection("127.0.0.1", given["port"], timeout=60)
    until = time.perf_counter() + given["seconds"]
    requests = itertools.cycle(given["requests"]) if given["seconds"] else given["requests"]
    answers: list[tuple[float, int]] = []
    for request in requests:
        began = time.perf_counter()
        status = _ask(connection, request)
        now = time.perf_counter()
        answers.append(((now - began) * 1000, status))
        if given["seconds"] and now > until:
            break
        time.sleep(given["pause"])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
