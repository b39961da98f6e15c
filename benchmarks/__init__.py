"""One folder a question; run one with `python -m benchmarks.NAME --help`."""

from importlib.util import find_spec

MISSING = [name for name in ("matplotlib", "rich", "scipy", "sklearn", "tyro") if find_spec(name) is None]
if MISSING:
    raise SystemExit(
        f"error: benchmarks need {', '.join(MISSING)}, not installed here: pip install 'gedi_nesy[benchmarks]'"
    )
