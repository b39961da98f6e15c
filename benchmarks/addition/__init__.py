"""Learn what digits mean from `a + b = c` alone: python -m benchmarks.addition --weight-nesy 1

The learner is given images, and triples of them of which it knows that the first two digits add up to the third.
Ten clusters, a ProbLog program and the four terms of the GEDI objective do the rest. Labels are used to make the
triples and to report on unseen images, for nothing else.
"""
