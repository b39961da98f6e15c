"""Moons and circles: the paper's Table 2."""
