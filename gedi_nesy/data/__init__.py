"""Data sets as tensors, and queries made of their images."""
