"""Progress with an ETA: a live bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable

from .errors import one_line


class Reporter:
    """Report what long work does, on standard error; to be entered as a context."""

    every = 10.0
    """Seconds between two lines of a log."""

    def __init__(self):
        from rich.console import Console
        from rich.progress import Progress

        self.console = Console(stderr=True)
        self.live = self.console.is_terminal
        self.last = 0.0
        self.bars: dict[str, int] = {}
        self.progress = Progress(console=self.console, disable=not self.live)

    @property
    def hooks(self) -> dict[str, Callable]:
        """Keyword arguments for functions that report: ``say`` and ``progress``."""
        return {"say": self.say, "progress": self.step}

    def __enter__(self) -> "Reporter":
        self.progress.start()
        return self

    def __exit__(self, *_: object):
        self.progress.stop()

    def say(self, text: str):
        """Print one sentence above the bars, or as a line of the log."""
        text = one_line(text)
        if self.live:
            self.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=sys.stderr, flush=True)

    def step(self, stage, done, total):
        """Report how many units of a stage have ended.

        Parameters
        ----------
        stage : str
        done, total : int
        """
        if stage not in self.bars:
            self.bars[stage] = self.progress.add_task(stage)
        self.progress.update(self.bars[stage], completed=done, total=total)
        task, now = self.progress.tasks[self.bars[stage]], time.monotonic()
        if not self.live and total and (done == total or now - self.last >= self.every):
            self.last = now
            left = f"{task.elapsed / done * (total - done):.0f} s" if done else "not known yet"
            self.say(f"{stage}: {done}/{total}, {task.elapsed:.0f} s elapsed, ETA {left}")
