"""The smallest addition to a program's queries that leaves one map: more queries, labels, or one more rule."""
