"""The descriptors of a process: how many connections it may have, so that the database and files always find one."""

import resource

FOR_THE_PROCESS = 128
"""Descriptors for logs, libraries, the event loop and what else is opened once."""
FOR_A_THREAD = 8
"""Descriptors for each thread of the pool: the ledger's and the views' files with their journals, or connections."""
CONNECTIONS_MIN = 16


def connections_within(wanted: int, pool: int) -> int:
    """How many of the wanted connections the system's limit leaves room for, after it was raised as far as needed and
    allowed: to the hard limit at most, for this process and those it starts."""
    reserved = FOR_THE_PROCESS + FOR_A_THREAD * pool
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    if soft == unlimited:
        return wanted
    most = wanted + reserved if hard == unlimited else min(hard, wanted + reserved)
    if most > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
        except (OSError, ValueError):  # a system that allows less than it says
            pass
    return max(CONNECTIONS_MIN, min(wanted, soft - reserved))
