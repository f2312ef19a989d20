"""Puts ``data/`` (declarations and committed results) into the wheel; all else is in pyproject."""

import subprocess
from pathlib import Path
from shutil import copy2

from setuptools import setup
from setuptools.command.build_py import build_py


class WithData(build_py):
    """Copy what is committed below ``data/`` beside the package, where a clone has it above."""

    def run(self):
        """Build the package, then add the data."""
        super().run()
        if self.editable_mode:
            return
        listed = subprocess.run(["git", "ls-files", "-z", "data"], capture_output=True, text=True)
        names = listed.stdout.split("\0") if listed.returncode == 0 else []
        for path in map(Path, filter(None, names)) if names else Path("data").rglob("*"):
            if path.is_file():
                target = Path(self.build_lib, "genebench", "_project", path)
                target.parent.mkdir(parents=True, exist_ok=True)
                copy2(path, target)


setup(cmdclass={"build_py": WithData})
