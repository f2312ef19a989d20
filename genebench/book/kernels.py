"""Kernels of notebooks, forked from a process that has imported what nearly every page imports."""

import multiprocessing
import os
from importlib.metadata import EntryPoint

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
    """Let Jupyter fork the kernels that this process starts, where the system can."""
    from jupyter_client.provisioning import KernelProvisionerFactory as Factory

    possible = "forkserver" in multiprocessing.get_all_start_methods()
    if not possible or multiprocessing.current_process().daemon:  # which may have no children
        return
    multiprocessing.get_context("forkserver").set_forkserver_preload(PRELOADED)
    factory = Factory.instance()
    factory.provisioners["forked"] = EntryPoint("forked", f"{__name__}:forked", Factory.GROUP_NAME)
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
        has them and takes so long a name (about 100 characters); else ports.
    """
    if os.name != "posix" or len(folder) > 90:
        return {"transport_encryption": "auto"}
    # a free port is looked for, let go and taken later: managers side by side may find the same
    return {"transport": "ipc", "ip": os.path.join(folder, "kernel")}


def forked(**options):
    """Make a provisioner of Jupyter that forks its kernel.

    Parameters
    ----------
    **options
        Those of ``jupyter_client.provisioning.LocalProvisioner``.

    Returns
    -------
    LocalProvisioner
    """
    from jupyter_client.provisioning import LocalProvisioner

    class Forked(LocalProvisioner):
        async def launch_kernel(self, cmd, **kwargs):
            start = multiprocessing.get_context("forkserver").Process
            place = kwargs.get("cwd") or os.getcwd()
            arguments = cmd[cmd.index("-f") :], place, kwargs["env"]
            process = start(target=_kernel, args=arguments, daemon=True)
            process.start()
            self.process, self.pid = _Handle(process), process.pid
            return self.connection_info

    return Forked(**options)


class _Handle:
    """A process as Jupyter knows it from ``subprocess``."""

    stdin = stdout = stderr = None

    def __init__(self, process):
        self.process, self.kill, self.terminate = process, process.kill, process.terminate

    def poll(self):
        return self.process.exitcode

    def wait(self):
        self.process.join()
        return self.process.exitcode

    def send_signal(self, number):
        os.kill(self.process.pid, number)


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
