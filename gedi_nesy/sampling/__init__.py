"""Langevin dynamics: the sampler, the replay buffer, where chains start."""
