"""The workbench: the page in which people do their day, on the public API alone.

`page/` is what the browser gets, as it stands, by room; `files.py` makes it ready once, `http.py`
sends it. How a room is added: `page/README.md`.
"""
