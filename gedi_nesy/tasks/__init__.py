"""Tasks of any make-up: pools of images or points, networks that read them, and queries of several templates."""

from gedi_nesy.tasks.task import FeaturePool, NetworkSpec, Queries, Task, lists

__all__ = ["FeaturePool", "NetworkSpec", "Queries", "Task", "lists"]
