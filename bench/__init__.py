"""`make bench`: how fast the service is, next to what PostgreSQL itself can do (bench/README.md).

`world.py` builds the worlds, `cluster.py` runs their PostgreSQL, `operations.py` says what is
asked for, `services.py` and `loads.py` run the contestants and the load, `measure.py` takes turns
and keeps figures, `goals.py` and `report.py` judge them and write docs/evidence/.
"""
