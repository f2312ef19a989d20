"""Kernels of notebooks, forked from a process that has imported what nearly every page imports."""

import multiprocessing
import os
from importlib.metadata import EntryPoint
from multiprocessing.context import ForkServerProcess

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

PRELOADED = [
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "IPython.core.interactiveshell",
    "itables",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "matplotlib_inline.backend_inline",
    "pandas.io.formats.style",
    "pyarrow.parquet",
    "pydantic",
]
"""Other people's modules: our own may change while the process lives, and read where files are."""


def warm():
    """Let Jupyter fork the kernels that this process starts, where it may have children."""
    if multiprocessing.current_process().daemon:
        return
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    factory = KernelProvisionerFactory.instance()
    factory.provisioners["forked"] = EntryPoint("forked", f"{__name__}:Forked", factory.GROUP_NAME)
    factory.default_provisioner_name = "forked"


def address(folder):
    """Say where a kernel listens.

    Parameters
    ----------
    folder : str
        Folder of this kernel alone.

    Returns
    -------
    dict
        Options of ``jupyter_client.KernelManager``: sockets in files of `folder`, where the system
        takes so long a name (about 100 characters); else ports.
    """
    if len(folder) > 90:
        return {"transport_encryption": "auto"}
    # a free port is looked for, let go and taken later: managers side by side may find the same
    return {"transport": "ipc", "ip": os.path.join(folder, "kernel")}


class Forked(LocalProvisioner):
    """A provisioner of Jupyter that forks its kernel."""

    async def launch_kernel(self, cmd, **kwargs):
        """Start the kernel of a command; returns where it listens."""
        place = kwargs.get("cwd") or os.getcwd()
        self.process = _Process(
            target=_kernel, args=(cmd[cmd.index("-f") :], place, kwargs["env"]), daemon=True
        )
        self.process.start()
        self.pid = self.process.pid
        return self.connection_info


class _Process(ForkServerProcess):
    """A process as Jupyter knows it from ``subprocess``."""

    stdin = stdout = stderr = None

    def poll(self):
        return self.exitcode

    def wait(self):
        self.join()
        return self.exitcode

    def send_signal(self, number):
        os.kill(self.pid, number)


def _kernel(arguments, folder, environment):
    """Be a kernel until its manager, or the process that it was forked from, ends it."""
    import sys

    from ipykernel.kernelapp import launch_new_instance

    os.setsid()  # an interrupt at the keyboard is the manager's
    os.chdir(folder)
    os.environ.update(environment)
    sys.path.insert(0, "")
    quiet = "--log-level=CRITICAL"  # an interrupt as a page ends is no error; cells report theirs
    ends_with = f"--IPKernelApp.parent_handle={os.getppid()}"
    launch_new_instance(argv=[*arguments, quiet, ends_with])
