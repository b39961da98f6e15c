"""Theorem 1 as a command: which loss penalises which failure."""
