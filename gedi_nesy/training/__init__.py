"""Training: the joint loss, and the loop that lowers it."""
