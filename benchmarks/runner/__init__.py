"""What all benchmarks share. A benchmark is a folder of a few short files and says only what is its own.

    benchmarks/NAME/__init__.py    what is asked, in a paragraph
    benchmarks/NAME/__main__.py    command_line.main(BENCHMARK)
    benchmarks/NAME/config.py      its flags: a frozen dataclass that derives from one of runner/config.py
    benchmarks/NAME/run.py         jobs(config), run_one(config, job, place), and BENCHMARK, which names them all
    benchmarks/NAME/report.py      body(config, runs) for results.json, report(config, runs, console, folder)

`Benchmark`, `Job` and `Place` (runner/benchmark.py) are the whole interface:

    BENCHMARK = Benchmark(name="addition", config=AdditionConfig, jobs=jobs, run_one=run_one, body=body, report=report)

`jobs(config)` checks all that can be checked (ValueError) and returns the work: one `Job` for every cell of rows x data
sets x seeds. A job has a name, a folder below --out, what `run_one` must know (`task`, picklable), and the identities
of the runs that it yields: `({"row": "all four", "seed": 0},)`. Most jobs yield one run; a job that trains several side
by side has several identities, and finds in `job.runs` those that are still missing.

`run_one(config, job, place)` does it, possibly in another process, and returns for each identity a dict that holds it,
`metrics`, and what else results.json is to keep. It draws from generators of its own seed alone. `place` has the
device, the folders, `say(line)`, a progress bar, what saves a run and what goes on with it (runner/training.py joins
them to `gedi_nesy.learn`).

`body(config, runs)` is the part of results.json that is made of all runs, `summary` at the least; it may replace `runs`
where a benchmark lists other things (its table's rows) as well. `report(...)` prints the closing table and draws.

The rest is the runner's (runner/loop.py): the order, --resume, the lock on --out, results.json after every run,
removal of checkpoints, ranks, --workers N and --backend dask, failures (the others go on; the exit code says so).
"""
