"""How far a load is: a bar that moves on a terminal, a line a step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


@dataclass(slots=True)
class Bar:
    """One tenant's bar: steps of how many, records of the step that runs."""

    label: str
    console: Console
    moving: Progress | None = None
    task: TaskID | None = None
    title: str = ""
    records: int = 0
    total: int = 0
    began: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def begin(self, title: str, place: int, steps: int) -> None:
        """The next step begins."""
        self._end_step()
        self.title, self.records, self.began = title, 0, time.monotonic()
        if self.moving is not None and self.task is not None:
            self.moving.update(self.task, total=steps, completed=place, title=title, records="")

    def count(self, records: int) -> None:
        """So many records more are written."""
        self.records += records
        self.total += records
        if self.moving is not None and self.task is not None:
            self.moving.update(self.task, records=f"{self.records:,}")

    def end(self) -> None:
        """All is written."""
        self._end_step()
        seconds = time.monotonic() - self.started
        self.console.print(f"[bold]·[/bold] {self.label}: {self.total:,} records in {seconds:.0f} s")

    def _end_step(self) -> None:
        if self.moving is None and self.records:
            seconds = time.monotonic() - self.began
            self.console.print(f"    {self.title}: {self.records:,} in {seconds:.1f} s")


@contextmanager
def show_progress(console: Console, label: str) -> Iterator[Bar]:
    """A bar for a tenant, taken away when it is complete."""
    if not console.is_terminal:
        bar = Bar(label, console)
        yield bar
        bar.end()
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[title]} {task.fields[records]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as moving:
        bar = Bar(label, console, moving, moving.add_task(label, total=None, title="", records=""))
        yield bar
    bar.end()
