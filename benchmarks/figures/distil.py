"""From the results.json of a run folder to the small file that is kept with the repository."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEAD = ("benchmark", "command", "commit", "versions", "device")
"""What a figure cannot be checked without."""


def distil(results: Mapping[str, Any], command: str) -> dict[str, Any]:
    """Command, commit, versions, device, and each run's seed, row and metrics; ValueError if one of these is missing.

    Of other sets the AUROC is kept. Lists of steps, restarts, times of checkpoints and maps are left out, or become a
    word or a count.
    """
    document = {**results, "command": command or results.get("command", "")}
    missing = [name for name in HEAD if not document.get(name)]
    if missing:
        raise ValueError(f"the results name no {' and no '.join(missing)}; a figure needs them")
    return {**{name: document[name] for name in HEAD}, "runs": [_run(run) for run in results["runs"]]}


def read(file: Path) -> dict[str, Any]:
    """A file that `distil` has written; ValueError if it is none."""
    try:
        document = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: no JSON: {error}") from error
    missing = [name for name in (*HEAD, "runs") if not document.get(name)]
    if missing:
        raise ValueError(f"{file}: {', '.join(missing)} is missing; make the file with --distil")
    return document


def write(file: Path, document: Mapping[str, Any]) -> None:
    """One run a line, so that a difference between two versions can be read."""
    head = json.dumps({name: document[name] for name in HEAD}, indent=1)
    runs = ",\n".join(f"  {json.dumps(run)}" for run in document["runs"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{head.removesuffix("}").rstrip()},\n "runs": [\n{runs}\n ]\n}}\n')


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    if not run.get("metrics"):
        raise ValueError(f"the run of seed {run.get('seed')} has no metrics ({run.get('error', 'unknown')})")
    kept: dict[str, Any] = {
        name: value
        for name, value in run.items()
        if isinstance(value, str | int) and not isinstance(value, bool) and name not in ("sentence", "chosen")
    }
    kept["metrics"] = {name: _short(value) for name, value in run["metrics"].items()}
    if run.get("attempts"):
        kept["restarts"] = len(run["attempts"])
    if (run.get("audit") or {}).get("one_to_one") is not None:
        kept["one_to_one"] = run["audit"]["one_to_one"]
    for name in ("verdict", "verdict_with_labels"):
        if run.get(name):
            kept[name] = run[name]["verdict"]
    if run.get("ood"):
        kept["auroc"] = {
            other: {score: _short(figures["auroc"]) for score, figures in scores.items()}
            for other, scores in run["ood"].items()
        }
    if run.get("verdict"):
        counted = {name: run["verdict"][name] for name in ("held_out", "readings")}
        kept["metrics"] |= {name: _short(value) for name, value in counted.items() if value is not None}
    if run.get("learned"):
        kept["learned"] = _meaning(run["learned"])
    return kept


def _short(value: float) -> float:
    """Five decimal places, or as many digits of what is smaller: no table shows more."""
    if not math.isfinite(value) or isinstance(value, int):
        return value
    return round(value, 5) if abs(value) >= 0.1 else float(f"{value:.4g}")


def _meaning(learned: Mapping[str, Any]) -> str:
    """Which concept map a network has learned: the identity, one of the audit's by its number, or none of these."""
    maps = learned["map"].values()
    if all(symbol == concept for each in maps for symbol, concept in each.items()):
        return "the identity"
    return "none" if learned["number"] is None else f"map {learned['number']}"
