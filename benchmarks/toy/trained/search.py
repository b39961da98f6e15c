"""What search each row is given, and how the best of its restarts is found: by its own objective, no label is seen.

A trained row is restarted and its best restart kept. With L_INV the objective is w_inv L_INV + w_prior L_PRIOR, and a
seed whose L_INV says that no manifold is cut is not restarted. Without, it is w_gen L_GEN + w_prior L_PRIOR, L_GEN as
the log-likelihood, which has no such mark: all restarts are made. SwAV's restarts are settings as well, and are
compared by its own loss.
"""

from benchmarks.toy import methods as toy_methods
from benchmarks.toy.baselines import RESTARTS
from benchmarks.toy.config import ToyConfig
from benchmarks.toy.methods import TRAINED, Method, Trained
from benchmarks.toy.outcome import Outcome
from benchmarks.toy.trained.swav import SETTINGS


def limit(method: Trained, config: ToyConfig) -> int:
    """Restarts that a row may make; the paper's preset is its settings to the letter, once."""
    if config.preset == "paper":
        return 1
    return len(SETTINGS) if method == "SwAV" else config.attempts


def worth_another(outcome: Outcome, method: Trained, config: ToyConfig) -> bool:
    """Whether a seed goes on to its next restart."""
    if method == "SwAV" or toy_methods.weights_of(method, config.weights()).inv == 0:
        return True
    return max(each.inv for each in outcome.attempts) < config.accept


def better(before: Outcome | None, new: Outcome) -> Outcome:
    """The one with the best objective, with the attempts and the seconds of both."""
    if before is None:
        return new
    attempts, seconds = before.attempts + new.attempts, before.seconds + new.seconds
    best = new if new.attempts[0].objective > max(each.objective for each in before.attempts) else before
    return best._replace(attempts=attempts, seconds=seconds)


def described(method: Method, config: ToyConfig) -> str:
    """The table's column: what a row may try for each seed."""
    if method in TRAINED:
        most = limit(method, config)
        if method == "SwAV" or most == 1:
            return "1 run" if most == 1 else f"{most} settings"
        early = toy_methods.weights_of(method, config.weights()).inv > 0
        return f"{'up to ' if early else ''}{most} restarts"
    return "its eps" if method == "DBSCAN" else f"{RESTARTS} restarts"
