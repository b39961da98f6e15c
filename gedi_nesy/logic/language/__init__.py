"""What a program says: its text, neural predicates, learnable facts, and what it may not do."""
