"""The manifest of a run."""

from genebench.core import manifest, specs


def test_costs_of_several_probes_are_added_up(tmp_path):
    (tmp_path / "scores.parquet").write_bytes(b"any")
    cell = {"model": "m", "split": "random", "tasks": ["a", "b"], "skipped": []}
    manifest.write(
        tmp_path / "manifest.json",
        specs.declared().profile("ci"),
        {},
        n_tasks=2,
        cells=[cell | {"seconds": 2.0, "cpu_s": 1.5}, cell | {"seconds": 3.0, "cpu_s": 2.5}],
        embeddings={},
        jobs=1,
        run_s=5.0,
        computed=2,
        whole=True,
    )
    found = manifest.read(tmp_path / "manifest.json")
    assert [(c["n"], c["seconds"], c["cpu_s"]) for c in found["cells"]] == [(2, 5.0, 4.0)]
    assert found["wall_s"]["sum_over_cells"] == 5.0
