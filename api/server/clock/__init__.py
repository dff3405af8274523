"""The clock: what is recorded because a moment has come, without anybody at the desk asking for it.

`JOBS` (jobs.py) is the list of it, and the one place to add to. `tick` (tick.py) does all jobs once; `Ticking`
(ticking.py) does so every minute beside a server or a runner.
"""
