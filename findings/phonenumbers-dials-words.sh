#!/bin/bash
# phonenumbers dials three letters and more behind a number (Fax is 329) and calls the result valid; a German
# mobile number whose + was lost is a valid number of a landline, its 49 an area code.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check phonenumberslite==9.0.42
venv/bin/python - <<'PY'
import importlib.metadata

import phonenumbers

print("phonenumberslite", importlib.metadata.version("phonenumberslite"))
for text, seen in (("030 2312502 Fax", "+49302312502329"), ("4915223456032", "+494915223456032")):
    number = phonenumbers.parse(text, "DE")
    found = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    print(f"{text!r} is {found}, valid: {phonenumbers.is_valid_number(number)}")
    assert found == seen and phonenumbers.is_valid_number(number), "it is read otherwise now"
PY
