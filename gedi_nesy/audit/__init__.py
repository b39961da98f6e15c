"""Which meanings of the symbols a program admits, before anything is trained."""
