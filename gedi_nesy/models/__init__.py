"""GEDI networks: encoders, heads, and how they are saved."""
