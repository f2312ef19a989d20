"""Worker processes that end with their parent, however it ends."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context


def pool(jobs: int) -> ProcessPoolExecutor:
    """A pool of ``jobs`` fresh processes. When this process is killed, they leave within two seconds."""
    return ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=leave_with_parent, initargs=(os.getpid(),)
    )


def leave_with_parent(parent: int) -> None:
    """Watch, in a thread, that the parent process lives, and end this process when it does not."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def stop(pool: Executor) -> None:
    """Cancel what has not begun and end what has: only a cell that is being computed is lost."""
    processes = list((getattr(pool, "_processes", None) or {}).values())  # shutdown forgets them
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()
