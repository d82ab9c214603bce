"""The worker: a task, a connection, a lease and a time limit for each job.

`timers` is what the jobs do, `loop` how they are run; `kollegium worker` starts it.
"""
