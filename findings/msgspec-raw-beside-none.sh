#!/bin/bash
# msgspec takes `Raw | None` as a type and then reads nothing but null. As a field of its own Raw takes any JSON
# unread; beside None it counts as no kind of JSON at all, and nothing says so when the type is made: the first
# value that is there is refused with "Expected `null`".
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check msgspec==0.22.0
venv/bin/python - <<'PY'
import msgspec

Alone = msgspec.defstruct("Alone", [("tags", msgspec.Raw)])
Beside = msgspec.defstruct("Beside", [("tags", msgspec.Raw | None)])

print("msgspec", msgspec.__version__)
print("Raw:", bytes(msgspec.json.decode(b'{"tags": ["a"]}', type=Alone).tags))
print("Raw | None, null:", msgspec.json.decode(b'{"tags": null}', type=Beside).tags)
try:
    msgspec.json.decode(b'{"tags": ["a"]}', type=Beside)
except msgspec.ValidationError as error:
    print("Raw | None, an array:", error)
    assert "Expected `null`" in str(error)
else:
    raise SystemExit("it is read now")
PY
