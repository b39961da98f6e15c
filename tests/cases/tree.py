"""A binary tree of D levels, each node depending on both children: usage: tree.py D."""

import itertools
import random
import sys

depth = int(sys.argv[1])
r = random.Random(3)
n = 2 ** (depth + 1) - 1
for i in range(n - 1, -1, -1):
    a, b = 2 * i + 1, 2 * i + 2
    if a >= n:
        print(f"{r.uniform(0.1, 0.9):.3f}::x({i}).")
        continue
    for s, t in itertools.product(("", "\\+ "), repeat=2):
        print(f"{r.uniform(0.05, 0.95):.3f}::x({i}) :- {s}x({a}), {t}x({b}).")
print("query(x(0)).")
