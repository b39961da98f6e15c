"""ProbLog's grounding engine and its clause database, with a guard at every door to files and to Python.

ProbLog makes further databases and engines while a program runs (`findall/3` extends the database,
`subquery/2` makes an engine of the same class without arguments), so that both are classes whose offspring
carry the guard.
"""

from collections.abc import Callable
from typing import Any

from problog.clausedb import ClauseDB
from problog.engine import DefaultEngine
from problog.extern import problog_export
from problog.logic import Term, Var
from problog.program import PrologString

from gedi_nesy.logic.budget import Watch
from gedi_nesy.logic.language.guarded_builtins import guard_builtins
from gedi_nesy.logic.language.sandbox import Guard
from gedi_nesy.logic.language.source import WatchedParser, read_text


class GuardedDatabase(ClauseDB):
    """A clause database that asks its guard before it reads a file or runs Python, as do its extensions."""

    def __init__(
        self,
        guard: Guard,
        tick: Callable[[], None],
        builtins: Any = None,
        parent: "GuardedDatabase | None" = None,
    ):
        self.guard = guard
        self.tick = tick
        self.builtins = builtins
        super().__init__(builtins=builtins, parent=parent)

    def extend(self) -> "GuardedDatabase":
        """A database on top of this one; ProbLog's own would forget where the program lies."""
        child = GuardedDatabase(self.guard, self.tick, builtins=self.builtins, parent=self)
        child.source_root = self.source_root
        child.source_parent = list(self.source_parent)
        return child

    def use_module(self, filename: Any, predicates: Any, location: Any = None, my_scope: Any = None) -> None:
        """Read a file, or run one in Python, if the guard lets it."""
        path = str(self.resolve_filename(filename))
        if path.endswith(".py"):
            self.guard.check_python(path, self._where(location), f"'use_module({filename})'")
        super().use_module(filename, predicates, location=location, my_scope=my_scope)

    def load_external_module(self, filename: str) -> Any:
        """The door itself: run a Python file, if the guard lets it."""
        self.guard.check_python(filename, self.guard.source.name, "the program")
        return super().load_external_module(filename)

    def consult(self, filename: Any, location: Any = None, my_scope: Any = None) -> Any:
        """Read a file into the database, once, if the guard lets it."""
        path = str(self.resolve_filename(filename))
        if path in self.source_files:
            return None, None
        self.guard.check_named(path, self._where(location), f"'consult({filename})'")
        parser = WatchedParser(self.tick, identifier=len(self.source_files))
        program = PrologString(
            read_text(path),
            parser=parser,
            source_files=[path],
            identifier=len(self.source_files),
            source_root=path,
        )
        self.source_files.append(path)
        self.source_parent.append(location)
        self.line_info.append(program.line_info[0])
        return self.add_all(program)

    def _compile(self, struct: Any, variables: Any = None, scope: Any = None) -> Any:
        """Name the anonymous variables of findall(X, goal(X), _), on which ProbLog fails."""
        self.tick()
        if isinstance(struct, Term) and self.get_local_scope(struct.signature):
            numbered = (Var(f"_Anonymous{i}") if str(a) == "_" else a for i, a in enumerate(struct.args))
            struct = struct.with_args(*numbered)
        return super()._compile(struct, variables, scope)

    def _where(self, location: Any) -> str:
        """FILE:LINE of a call, FILE of the program if ProbLog does not know it."""
        known = isinstance(location, tuple) and location[0] < len(self.line_info)
        found = self.lineno(location) if known else None
        source = self.guard.source
        return f"{found[0] or source.name}:{found[1]}" if found else source.name

    def add_extern(self, predicate: str, arity: int, func: Any, scope: Any = None) -> None:
        """A predicate in Python, unless the program defines one of that name itself."""
        if scope is not None or not self._is_the_programs(predicate, arity):
            super().add_extern(predicate, arity, func, scope=scope)

    def _is_the_programs(self, predicate: str, arity: int) -> bool:
        if f"{predicate}/{arity}" in self.guard.defined:
            return True
        index = self.find(Term(predicate, *[None] * arity))
        return index is not None and bool(getattr(self.get_node(index), "children", ()))

    def _add_define_node(self, head: Any, childnode: int) -> int:
        index = self.find(head)
        if index is not None and type(self.get_node(index)).__name__ == "extern":
            # A clause that the program adds while it runs: from here on the predicate is the program's.
            self._set_node(index, ())
        return super()._add_define_node(head, childnode)


class GuardedEngine(DefaultEngine):
    """ProbLog's grounding engine for one program, knowing its file and lines; made by `guarded_engine`."""

    guard: Guard
    root: "GuardedEngine"

    def __init__(self) -> None:
        super().__init__()
        guard_builtins(self)
        self._steps = 0
        self.watch: Watch | None = None

    def begin(self, watch: Watch | None, database: Any = None) -> None:
        """Start afresh: ProbLog leaves the goals of a query that failed with an error on its stack."""
        self.watch = watch
        self.cycle_root = None
        self.pointer = 0
        self.shrink_stack()
        if database is not None:
            # What assertz/1 adds to; a program made later would otherwise get it.
            problog_export.database = database

    def create_context(self, *args: Any, **kwargs: Any) -> Any:
        """ProbLog calls this at every step, so an endless recursion is noticed here even if it grounds
        nothing.
        """
        self.tick()
        return super().create_context(*args, **kwargs)

    def tick(self) -> None:
        """One small piece of work: every now and then the budget is looked at."""
        self._steps += 1
        watch = self.root.watch
        if watch is not None and self._steps % 1024 == 0:
            watch.check(watch.nodes)

    def prepare(self, db: Any) -> GuardedDatabase:
        """The program as a guarded database, its directives run; a database that is one already, as it is."""
        if isinstance(db, GuardedDatabase):
            return db
        prepared: Any = GuardedDatabase.createFrom(
            db, guard=self.guard, tick=self.tick, builtins=self.get_builtins()
        )
        prepared.engine = self
        source = self.guard.source
        prepared.source_root = source.root
        prepared.source_files[0] = source.path
        prepared.line_info[0] = source.line_info[0]
        self._process_directives(prepared)
        return prepared


def guarded_engine(guard: Guard) -> GuardedEngine:
    """An engine for one program; engines that ProbLog makes of its class have the same guard and watch."""
    kind = type("GuardedEngine", (GuardedEngine,), {"guard": guard})
    engine = kind()
    kind.root = engine
    return engine
