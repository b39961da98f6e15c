"""A Bayesian network of N nodes whose parents are the two nodes before: usage: local_bn.py N"""

import random
import sys

n = int(sys.argv[1])
r = random.Random(0)
print("0.5::n(0).\n0.5::n(1).")
for i in range(2, n):
    for a in (True, False):
        for b in (True, False):
            signs = ["" if on else "\\+ " for on in (a, b)]
            print(f"{r.uniform(0.1, 0.9):.3f}::n({i}) :- {signs[0]}n({i - 1}), {signs[1]}n({i - 2}).")
print(f"query(n({n - 1})).")
