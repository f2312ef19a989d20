"""The charts of the book: dots with intervals, curves, heat maps, boxes. Draw what they get."""

from .panels import dots, lines
from .scores import FEW, boxes, heat_map, task_scores

__all__ = ["FEW", "boxes", "dots", "heat_map", "lines", "task_scores"]
