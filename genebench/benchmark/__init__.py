"""The engine: plan, splits, run, results, and the tables of intervals, means and tiers."""
