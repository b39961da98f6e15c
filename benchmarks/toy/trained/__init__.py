"""The rows that are trained: all seeds in one stack, restarted where their own objective says so."""
