"""What importing the encoders costs."""

import subprocess
import sys

from genebench import models


def test_importing_loads_neither_torch_nor_transformers():
    names = [f"genebench.models.{name}" for name in {*models.ENCODERS.values(), "inference"}]
    script = f"import sys, {', '.join(names)}; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert not {"torch", "transformers"} & set(loaded.split())
