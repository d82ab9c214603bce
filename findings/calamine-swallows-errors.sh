#!/bin/bash
# python-calamine gives a cell with an error as an empty string, a formula that was never calculated too,
# and midnight as a date without its time: none of them can be told from a cell that is really empty, or a date.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5
venv/bin/python - <<'PY'
import datetime
import importlib.metadata
import io

import openpyxl
from python_calamine import CalamineWorkbook

book = openpyxl.Workbook()
sheet = book.active
sheet.append(["#N/A", "=1/0", datetime.datetime(2026, 10, 3, 0, 0), datetime.date(2026, 10, 3), "end"])
sheet["A1"].data_type = "e"
buffer = io.BytesIO()
book.save(buffer)
buffer.seek(0)
(row,) = CalamineWorkbook.from_filelike(buffer).get_sheet_by_index(0).to_python()
print("python-calamine", importlib.metadata.version("python-calamine"), row)
assert row[0] == "" and row[1] == "", "errors and formulas without a value are told apart now"
assert row[2] == row[3] == datetime.date(2026, 10, 3), "midnight keeps its time now"
PY
