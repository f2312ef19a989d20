"""One placed file, which several files of tests look at."""

import json
import shutil
from types import SimpleNamespace

import pytest
from helpers import enter, forget
from place.toys import placed, toy_vectors

from genebench.core import paths


def files():
    """Every file of results, with its content."""
    return {p: p.read_bytes() for p in sorted(paths.RESULTS.rglob("*")) if p.is_file()}


@pytest.fixture(scope="session")
def good(finished, tmp_path_factory):
    """One placed and submitted file (all 180 genes, the columns of ``full``): its home, its path,
    what was said, the folder and the card that were written, results before and after."""
    folder = shutil.copytree(finished.folder, tmp_path_factory.mktemp("placed") / "home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter(monkeypatch, folder)
        monkeypatch.chdir(folder)
        before, path = files(), folder / "My vectors.csv"
        toy_vectors().to_csv(path)
        got, out = placed(path, "--submit")
        after = files()
    forget()
    assert got.exit_code == 0, got.output + got.stderr
    card = json.loads((out / "card.json").read_text())
    given = {"folder": folder, "path": path, "said": got.stdout, "out": out, "card": card}
    return SimpleNamespace(**given, before=before, after=after)
