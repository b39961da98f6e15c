"""A hidden Markov model of T steps, three states, two symbols, all observed: usage: hmm.py T"""

import random
import sys

t = int(sys.argv[1])
r = random.Random(1)
print("1/3::state(0,a); 1/3::state(0,b); 1/3::state(0,c).")
for i in range(1, t + 1):
    for s in "abc":
        after, before = "bca"["abc".index(s)], "cab"["abc".index(s)]
        heads = f"0.6::state({i},{s}); 0.3::state({i},{after}); 0.1::state({i},{before})"
        print(f"{heads} :- state({i - 1},{s}).")
for i in range(t + 1):
    for s, p in zip("abc", (0.9, 0.5, 0.2), strict=True):
        print(f"{p}::emit({i},x); {1 - p:.1f}::emit({i},y) :- state({i},{s}).")
    print(f"evidence(emit({i},{r.choice('xy')})).")
print(f"query(state({t},_)).")
