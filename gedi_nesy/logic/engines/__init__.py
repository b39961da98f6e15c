"""Other ways to evaluate a query: KLay's layers, DeepProbLog's engine, programs over tensors."""
