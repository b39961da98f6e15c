"""The order of imports, and a checker of it: a pure function of {path: source}.

Imports of types and late imports count as well: a file that needs another to be understood stands above it.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

FLOORS: tuple[tuple[str, ...], ...] = (
    ("gedi_nesy.types", "gedi_nesy.errors", "gedi_nesy.extras", "gedi_nesy.files", "gedi_nesy.progress"),
    ("gedi_nesy.logic.errors", "gedi_nesy.logic.budget"),
    ("gedi_nesy.logic.language",),
    ("gedi_nesy.logic.grounding",),
    ("gedi_nesy.logic.circuits",),
    ("gedi_nesy.logic.batch", "gedi_nesy.logic.query", "gedi_nesy.logic.explain", "gedi_nesy.logic.branches"),
    ("gedi_nesy.logic.engines",),
    ("gedi_nesy.logic.accelerate", "gedi_nesy.logic.program", "gedi_nesy.logic.describe"),
    ("gedi_nesy.logic.inference",),
    ("gedi_nesy.objectives", "gedi_nesy.sampling", "gedi_nesy.augmentation"),
    ("gedi_nesy.data", "gedi_nesy.metrics", "gedi_nesy.report"),
    ("gedi_nesy.audit", "gedi_nesy.features", "gedi_nesy.models"),
    ("gedi_nesy.training", "gedi_nesy.pretraining", "gedi_nesy.tasks"),
    ("gedi_nesy.learn",),
    ("gedi_nesy.cluster",),
    ("gedi_nesy.estimator",),
    ("gedi_nesy.cli", "gedi_nesy.__main__"),
    ("benchmarks",),
)
"""From the ground up: a file may import from its own floor, short of a circle, and from those below."""

PUBLIC = {"gedi_nesy": "gedi_nesy.learn"}
"""The package itself re-exports, and is no prefix of a floor: it stands on that of the module given here."""

BENCHMARKS_SHARED = {"runner"}
"""Folders of benchmarks/ that the others may import."""

BETWEEN_BENCHMARKS = {
    # its report says which concept map was learned, with the audit of the benchmark that is about these
    ("addition", "shortcuts"),
}
"""Which benchmark may import which other one, and why."""

RUNS = {"__main__", "run", "report", "command_line"}
"""Names of files in benchmarks/ that run something, or show what came out."""

MAX_LINES, MAX_FILES = 250, 14


def faults(sources: Mapping[str, str]) -> list[str]:
    """What is wrong with the layout of these files, a line each: {path from the root: source}."""
    names = {_module(path): path for path in sources}
    imports = {name: set(_imported(name, path, sources[path], names)) for name, path in names.items()}
    return sorted(
        [
            *_unplaced(names),
            *_upward(imports),
            *(f"circle: {', '.join(circle)}" for circle in circles(imports)),
            *_between_benchmarks(imports),
            *_configs(imports),
            *_sizes(sources),
        ]
    )


def floor(name: str) -> int | None:
    """The floor of a module: that of the longest prefix which has one."""
    name = PUBLIC.get(name, name)
    found = [
        (len(prefix), index)
        for index, prefixes in enumerate(FLOORS)
        for prefix in prefixes
        if name == prefix or name.startswith(prefix + ".")
    ]
    return max(found)[1] if found else None


def circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Groups of modules that reach one another."""
    reach = {name: _reachable(name, imports) for name in imports}
    groups = {
        tuple(sorted(other for other in reach[name] if name in reach.get(other, ()))) for name in imports
    }
    return sorted(list(group) for group in groups if len(group) > 1)


def _reachable(name: str, imports: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        new = set(imports.get(waiting.pop(), ())) - seen
        seen |= new
        waiting += new
    return seen


def _module(path: str) -> str:
    return ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")


def _imported(name: str, path: str, source: str, names: Mapping[str, str]) -> Iterator[str]:
    """Modules among `names` that this one imports; a package stands for its `__init__`."""
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source)):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            inner = (f"{base}.{alias.name}" for alias in node.names)
            targets = [target if target in names else base for target in inner]
        yield from (target for target in targets if target in names and target != name)


def _unplaced(names: Iterable[str]) -> list[str]:
    return [f"no floor: {name}" for name in names if not _placed(name)]


def _placed(name: str) -> bool:
    """A package above floors needs none itself (`gedi_nesy.logic`): what its `__init__` re-exports has one."""
    return floor(name) is not None or any(
        prefix.startswith(name + ".") for prefixes in FLOORS for prefix in prefixes if name != "gedi_nesy"
    )


def _upward(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for name, targets in imports.items():
        own = floor(name)
        for target in targets:
            other = floor(target)
            if own is not None and other is not None and other > own:
                yield f"upward: {name} imports {target}"


def _between_benchmarks(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    for name, targets in imports.items():
        for target in targets:
            own, other = name.split("."), target.split(".")
            if own[0] == other[0] == "benchmarks" and len(own) > 1 and len(other) > 1:
                if own[1] in BENCHMARKS_SHARED and other[1] not in BENCHMARKS_SHARED:
                    yield f"shared code imports a benchmark: {name} imports {target}"
                elif own[1] != other[1] and not _may_import(own[1], other[1]):
                    yield f"between benchmarks: {name} imports {target}"


def _may_import(own: str, other: str) -> bool:
    return other in BENCHMARKS_SHARED or (own, other) in BETWEEN_BENCHMARKS


def _configs(imports: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Settings are readable without what runs: nothing that a config reaches in benchmarks/ is a runner."""
    for name in imports:
        if name.startswith("benchmarks.") and name.endswith(".config"):
            for target in sorted(_reachable(name, imports)):
                if target.startswith("benchmarks.") and target.rpartition(".")[2] in RUNS:
                    yield f"config imports what runs: {name} reaches {target}"


def _sizes(sources: Mapping[str, str]) -> Iterator[str]:
    for path, source in sources.items():
        if (lines := len(source.splitlines())) > MAX_LINES:
            yield f"long: {path} has {lines} lines, more than {MAX_LINES}"
    files = Counter(str(PurePosixPath(path).parent) for path in sources if not path.endswith("__init__.py"))
    for folder, count in files.items():
        if count > MAX_FILES:
            yield f"full: {folder} has {count} files, more than {MAX_FILES}"
