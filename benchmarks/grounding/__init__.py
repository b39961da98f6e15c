"""Harder symbols: formulas, figures with shape and colour, Sudoku, equations, from rules alone."""
