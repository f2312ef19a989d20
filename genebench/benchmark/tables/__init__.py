"""Tables that are derived from the predictions and scores of a run."""
