"""The signals that end a process: SIGTERM, Ctrl-C, Ctrl-\\, and a terminal that closes."""

import signal
from collections.abc import Callable

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)
OF_A_TERMINAL = (signal.SIGHUP, signal.SIGQUIT)
"""They come to every process of the group; its first process ends the others."""


def end_on(signals: tuple[signal.Signals, ...], end: Callable[[], object]) -> None:
    """Call `end` for each of these signals. One that was ignored at the start (nohup) stays so."""
    for told in signals:
        if signal.getsignal(told) is not signal.SIG_IGN:
            signal.signal(told, lambda *_: end())
