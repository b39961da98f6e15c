"""Runs of `train`: what goes into one, what its folder holds, and what is done with it."""
