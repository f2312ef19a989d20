"""Progress with an ETA: a live bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Reporter:
    """Report what long work does; to be entered as a context.

    Everything goes to standard error, so that ``--json`` output stays clean.
    """

    every = 10.0

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.live = self.console.is_terminal
        self.began: dict[str, float] = {}
        self.last = 0.0
        self.bars: dict[str, int] = {}
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("ETA"),
        )
        self.progress = Progress(*columns, TimeRemainingColumn(), console=self.console)

    def __enter__(self) -> Reporter:
        if self.live:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.progress.stop()

    def say(self, text: str) -> None:
        """Print one sentence above the bars, or as a line of the log.

        Parameters
        ----------
        text : str
        """
        if self.live:
            self.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def step(self, stage: str, done: int, total: int) -> None:
        """Report how many units of a stage have ended.

        Parameters
        ----------
        stage : str
        done, total : int
        """
        now = time.monotonic()
        began = self.began.setdefault(stage, now)
        if self.live:
            if stage not in self.bars:
                self.bars[stage] = self.progress.add_task(stage, total=total)
            self.progress.update(self.bars[stage], completed=done, total=total)
        elif done and (done == total or now - self.last >= self.every):
            self.last = now
            left = (now - began) / done * (total - done)
            print(
                f"{stage}: {done}/{total}, {now - began:.0f} s elapsed, ETA {left:.0f} s",
                file=sys.stderr,
                flush=True,
            )
