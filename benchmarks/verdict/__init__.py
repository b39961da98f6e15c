"""Does a verdict say without labels what labels would? python -m benchmarks.verdict --seeds 0 1

Rules of one's own over digits, learned by `learn_task` with its defaults, and runs that are made to fail: too short,
the rule alone, a wrong rule, one that leaves readings open, images without classes, too few queries. The labels of the
images make the queries, and in the end tell whether the verdict was right; nothing is chosen by them.
"""
