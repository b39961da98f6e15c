"""`python -m benchmarks.figures`: make the tables of README and docs from the result files in docs/figures."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import tyro

from benchmarks.figures.distil import distil, read, write
from benchmarks.figures.tables import TABLES
from benchmarks.figures.text import filled, names

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class FiguresConfig:
    """Make the tables of README and docs from the result files in docs/figures, or such a file from a run."""

    check: bool = False
    """change nothing; exit code 1 if a table differs from its files"""
    distil: Path | None = None
    """the folder of a run: write docs/figures/NAME.json from its results.json"""
    name: str = ""
    """with --distil: the name of the file (tables.py lists them)"""
    command: str = ""
    """with --distil: the command that made the run, if its results.json does not hold it"""


def made(figures: Path) -> dict[str, str | None]:
    """The markdown of every table; None where one of its files is missing."""
    tables: dict[str, str | None] = {}
    for name, table in TABLES.items():
        files = [figures / f"{file}.json" for file in table.files]
        there = all(file.exists() for file in files)
        tables[name] = table.markdown([read(file) for file in files]) if there else None
    return tables


def pages(root: Path) -> list[Path]:
    """The texts that may hold tables."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def stale(root: Path, tables: dict[str, str | None]) -> dict[Path, str]:
    """What each page should say, for the pages that say something else."""
    texts = {page: page.read_text() for page in pages(root)}
    return {page: new for page, text in texts.items() if (new := filled(text, tables)) != text}


def keep(folder: Path, name: str, command: str, figures: Path) -> Path:
    """Distil a run folder into figures/NAME.json."""
    known = sorted({file for table in TABLES.values() for file in table.files})
    if name not in known:
        raise ValueError(f"--name {name!r} is no file of a table; known: {', '.join(known)}")
    file = folder / "results.json"
    if not file.exists():
        raise ValueError(f"--distil {folder} holds no results.json")
    target = figures / f"{name}.json"
    write(target, distil(json.loads(file.read_text()), command))
    return target


def main(config: FiguresConfig) -> int:
    """Returns the exit code."""
    figures = ROOT / "docs" / "figures"
    if config.distil is not None:
        print(f"written: {keep(config.distil, config.name, config.command, figures).relative_to(ROOT)}")
    tables = made(figures)
    changed = stale(ROOT, tables)
    for page, text in changed.items():
        if not config.check:
            page.write_text(text)
        print(f"{page.relative_to(ROOT)}: {'differs from docs/figures' if config.check else 'made anew'}")
    used = {name for page in pages(ROOT) for name in names(page.read_text())}
    for name in sorted(used):
        if tables[name] is None:
            print(f"table {name}: not generated, its files are missing: {', '.join(TABLES[name].files)}")
    return int(config.check and bool(changed))


def cli() -> int:
    """Read the flags; errors are one line."""
    config = tyro.cli(
        FiguresConfig, prog="python -m benchmarks.figures", config=(tyro.conf.FlagCreatePairsOff,)
    )
    try:
        return main(config)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(cli())
