"""The bar that shows how far a command is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
from rich.text import Text


class _Rate(ProgressColumn):
    """Things a second since the beginning."""

    def render(self, task: Task) -> Text:
        rate = task.fields["things"] / task.elapsed if task.elapsed else 0
        return Text(f"{task.fields['things']:,} {task.fields['unit']}, {rate:,.0f}/s")


@contextmanager
def bar(what: str, unit: str) -> Iterator[Callable[[int, int, int], None]]:
    """What tells the bar the amount done, the whole amount, and the things done."""
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), _Rate(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(what, *columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, unit=unit, things=0)
        yield lambda done, of, things: shown.update(task, completed=done, total=of, things=things)
