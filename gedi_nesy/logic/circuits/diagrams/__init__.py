"""Sentential decision diagrams, and the process that compiles them."""
