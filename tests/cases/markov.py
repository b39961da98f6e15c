"""A two-state Markov chain of N steps: usage: markov.py N"""

import sys

n = int(sys.argv[1])
print("0.5::on(0).")
for i in range(1, n + 1):
    print(f"0.7::on({i}) :- on({i - 1}).\n0.2::on({i}) :- \\+ on({i - 1}).")
print(f"query(on({n})).")
