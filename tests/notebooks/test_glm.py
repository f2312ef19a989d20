"""Words, tables and figures of Part III say what its tables of results say."""

import pandas as pd
import pytest
from helpers import refused

from notebooks.lib import glm
from notebooks.studies.lib import transfer


@pytest.fixture(scope="module")
def looks():
    """Titles and colours of models."""
    return glm.looks()


def scores(**of_models):
    """Scores of one task and split with half a tenth around them."""
    names = [name.replace("_", "-") for name in of_models]
    frame = pd.DataFrame({"task": "t/a", "model": names, "score": of_models.values()})
    frame = frame.assign(split="zero-shot", low=frame.score - 0.05, high=frame.score + 0.05)
    return frame.assign(title=frame.task, metric="auroc", n_train=0, n_test=9)


def test_the_best_other_score_is_no_network_and_uses_the_sequence_alone(looks):
    frame = scores(glm_ecoli=0.9, codon_position=0.95, markov_chain=0.6, open_frame=0.7)
    out = glm.quotable(frame, looks)
    assert out["t_a_glm_ecoli"] == "0.90 (0.85 to 0.95)"
    assert out["t_a_other"] == f"{looks.title('open-frame')}, 0.70 (0.65 to 0.75)"


def test_a_table_that_does_not_exist_says_what_to_run(looks):
    with refused("genebench notebooks --study simulated"):
        glm.read("simulated", "nothing")


def test_fine_tuning_is_compared_on_the_tasks_that_all_have():
    parts = [
        scores(glm_x=0.6, lora=0.8),
        scores(glm_y=0.7, lora=0.65).assign(task="b"),
        scores(lora=0.1).assign(task="c"),
    ]
    table = transfer.fine_tuning(pd.concat(parts).assign(split="spectral")).set_index("model")
    assert table.tasks.tolist() == [2, 2] and table.score["lora"] == pytest.approx(0.725)
    assert (table.above["lora"], table.clear["lora"]) == (1, 1)
