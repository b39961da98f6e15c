"""One module a question; run one with `python -m benchmarks.NAME --help`."""
