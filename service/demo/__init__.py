"""The demo world: German companies, two marketplaces, and leads from real export formats.

`people.py` says who is who, `build.py` sets them up, `story.py` lets things happen. All of it goes
through the operations that HTTP uses, as kollegium_api, with the tokens of the people who act; only
companies are made by staff. Repeating it changes nothing; an interrupted build goes on where it
was.
"""
