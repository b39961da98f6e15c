"""Frozen encoders: features of photographs that somebody else's network computes, once, and who is near to whom."""
