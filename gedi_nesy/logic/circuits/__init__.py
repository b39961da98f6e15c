"""From a ground graph to a circuit that evaluates whole batches."""
