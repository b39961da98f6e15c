"""Strategies for decision diagrams, and the process they run in: slow ones are ended, dead ones are a line."""

import os

import pytest
from problog import get_evaluatable
from problog.program import PrologString

from gedi_nesy.logic import Budget, Program, ProgramError
from gedi_nesy.logic.circuits import portfolio
from gedi_nesy.logic.circuits.diagrams import worker as diagram_worker
from gedi_nesy.logic.circuits.diagrams.decision_diagram import Diagrams
from gedi_nesy.logic.circuits.diagrams.trials import Outgrown

FACTS = "\n".join(f"0.{i + 1} :: a({i}). 0.{9 - i} :: b({i})." for i in range(8))
CLAUSES = "\n".join(f"q :- a({i}), b({3 * i % 8}), \\+ a({(5 * i + 1) % 8})." for i in range(8))
TEXT = f"{FACTS}\n{CLAUSES}\nquery(q)."
HEADER = "import os, runpy, signal, time\n"


def compiled(text=TEXT, seconds=60.0):
    return Program.from_string(text, {}, name="task.pl").compile("q", [], budget=Budget(seconds=seconds))


@pytest.fixture(autouse=True)
def diagrams_alone(monkeypatch):
    """Without variable elimination, which would be chosen before."""
    monkeypatch.setattr(portfolio, "plan_elimination", lambda *arguments: None)


@pytest.fixture
def in_a_process(monkeypatch):
    monkeypatch.setattr(portfolio, "SMALL_WIDTH", 0)


@pytest.fixture
def worker(monkeypatch, tmp_path, in_a_process):
    """Another program in the place of the worker."""

    def replace(text):
        path = tmp_path / "worker.py"
        path.write_text(HEADER + text)
        monkeypatch.setattr(diagram_worker, "__file__", str(path))

    return replace


@pytest.mark.parametrize("failing", range(4))
@pytest.mark.parametrize("small", [True, False])
def test_every_strategy_gives_the_same(monkeypatch, failing, small):
    tried = []
    run, run_there = portfolio.run, portfolio.DiagramProcess.run

    def counted(original):
        def trial_run(*arguments):
            trial = next(part for part in arguments if hasattr(part, "strategy"))
            tried.append(str(trial.strategy))
            return Outgrown(0) if len(tried) <= failing else original(*arguments)

        return trial_run

    monkeypatch.setattr(portfolio, "run", counted(run))
    monkeypatch.setattr(portfolio.DiagramProcess, "run", counted(run_there))
    monkeypatch.setattr(portfolio, "SMALL_WIDTH", 150 if small else 0)
    query = compiled()
    (stock,) = get_evaluatable().create_from(PrologString(TEXT)).evaluate().values()
    assert query.distribution().item() == pytest.approx(stock)
    assert query.template.report.strategy == tried[-1]
    assert len(tried) == failing + 1
    if small:
        assert len(set(tried)) == len(tried)


def test_the_less_promising_order_lags_one_limit_behind():
    best, other = portfolio.Order("FORCE", (0, 1), 5), portfolio.Order("depth-first", (1, 0), 9)
    trials = portfolio._trials([best, other], [10, 100])
    found = [(trial.strategy.order, trial.limit) for trial in trials if not trial.strategy.balanced]
    assert found == [("FORCE", 10), ("FORCE", 100), ("depth-first", 10), ("depth-first", 100)]


def test_the_smaller_diagram_wins(monkeypatch, in_a_process):
    monkeypatch.setattr(portfolio, "WORTH_COMPARING", 0)
    sizes = []
    run = portfolio.DiagramProcess.run

    def recorded(*arguments):
        outcome = run(*arguments)
        assert isinstance(outcome, Diagrams)
        sizes.append((outcome.edges, str(arguments[1].strategy)))
        return outcome

    monkeypatch.setattr(portfolio.DiagramProcess, "run", recorded)
    query = compiled()
    assert len(sizes) == 2
    assert query.template.report.strategy == min(sizes, key=lambda pair: pair[0])[1]


def test_a_process_that_crashes_is_one_line(worker):
    worker("os.kill(os.getpid(), signal.SIGSEGV)")
    message = r"^task\.pl: q: the SDD compiler died \(signal 11: SIGSEGV\)$"
    with pytest.raises(ProgramError, match=message):
        compiled()


def test_a_process_that_crashes_once_is_started_again(worker, tmp_path):
    real, flag = diagram_worker.__file__, tmp_path / "crashed"
    worker(
        f"""
if not os.path.exists({str(flag)!r}):
    open({str(flag)!r}, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
runpy.run_path({real!r}, run_name="__main__")
"""
    )
    assert compiled().template.report.strategy.endswith("balanced vtree")
    assert flag.exists()


def test_what_cannot_be_interrupted_is_ended_at_the_budget(worker, tmp_path):
    """The process would never end by itself."""
    number = tmp_path / "number"
    worker(f"open({str(number)!r}, 'w').write(str(os.getpid()))\nwhile True:\n    time.sleep(600)")
    with pytest.raises(ProgramError, match=r"takes more than 10(\.0)? seconds \(decision diagram: "):
        compiled(seconds=10.0)
    with pytest.raises(ProcessLookupError):
        os.kill(int(number.read_text()), 0)


def test_a_fault_of_ours_in_the_process_is_no_error_of_the_program(worker):
    worker("raise KeyError('ours')")
    with pytest.raises(RuntimeError, match="KeyError: 'ours'"):
        compiled()
