"""The manifest of a run."""

from genebench.core import manifest, specs


def test_costs_of_several_probes_are_added_up(tmp_path):
    (tmp_path / "scores.parquet").write_bytes(b"any")
    cell = {"model": "m", "split": "random", "tasks": ["a", "b"], "skipped": []}
    cells = [cell | {"seconds": 2.0, "cpu_s": 1.5}, cell | {"seconds": 3.0, "cpu_s": 2.5}]
    options = {"n_tasks": 2, "embeddings": {}, "jobs": 1, "run_s": 5, "computed": 2, "whole": True}
    path, profile = tmp_path / "manifest.json", specs.declared().profile("ci")
    manifest.write(path, profile, {}, cells=cells, **options)
    (found,) = manifest.read(path)["cells"]
    assert (found["n"], found["seconds"], found["cpu_s"]) == (2, 5.0, 4.0)
