"""How much faster compiled circuits are than DeepProbLog's engine."""
