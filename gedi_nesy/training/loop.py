"""From data and a program to a trained network: short annealed attempts, then a long refinement of the best."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from gedi_nesy.model import GEDI
from gedi_nesy.training.learner import Learner, QueryLogProb, StepConfig
from gedi_nesy.training.schedule import annealed, cosine
from gedi_nesy.training.step import Terms, Weights

PRIOR_FACTORS = (1.0, 1.5, 0.5, 0.75)
"""What attempt 0, 1, 2, ... multiplies the weight of L_PRIOR by.

Few queries seldom show all symbols equally often. Where they do not, another weight finds the way out of a wrong naming
in which a rare symbol shares a cluster and the rest are shifted by one (docs/few-triples.md).
"""


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A run: up to `attempts` short annealed ones of `explore` steps, then `refine` steps from the best."""

    weights: Weights = field(default_factory=Weights)
    step: StepConfig = field(default_factory=StepConfig)
    attempts: int = 8
    explore: int = 350
    refine: int = 1000
    hold: float = 0.85
    """mean P(query) from which on names that held without the logic convince, and no further attempt is made"""
    accept: float = -1.0
    """and the L_INV + L_NESY over the training data (both at most 0) that must be reached as well"""
    accept_queries: int = 100
    """with fewer queries than this all attempts are made: few can be satisfied under wrong names"""
    entropy_start: float = -1.0
    """weight of the entropy in L_INV while an attempt begins; it rises to 1. 1 is the paper's, no annealing"""
    naming_every: int = 50
    """steps between two searches for better names of the clusters; 0 for none"""
    reconsider: int = 100
    """steps without logic by which the names of an attempt are tested, and with it if better ones are found; 0: none"""
    rounds: int = 3
    """times that better names may be found in this way"""
    warmup: int = 50

    def __post_init__(self) -> None:
        for name in ("attempts", "explore", "warmup", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)} must be at least 1")
        for name in ("refine", "naming_every", "reconsider"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}={getattr(self, name)} must not be negative")
        if self.entropy_start > 1:
            raise ValueError(f"entropy_start={self.entropy_start} must be at most 1")

    @property
    def max_steps(self) -> int:
        """Steps if all attempts are made, and all find better names in every round."""
        return self.attempts * (self.explore + 2 * self.rounds * self.reconsider) + self.refine


class Record(NamedTuple):
    """One step, as the history keeps it."""

    phase: str
    step: int
    terms: Terms


class Attempt(NamedTuple):
    """How an attempt ended: the terms over the training data, and the objective they add up to (without L_GEN).

    `held` is the mean P(query) after a while without the logic, if the names held; else, or untested, it is None.
    """

    prior_weight: float
    terms: Terms
    objective: float
    held: float | None


class Outcome(NamedTuple):
    """The averaged model of the best attempt, refined, and how it came about."""

    learner: Learner
    attempts: list[Attempt]
    chosen: int
    history: list[Record]

    @property
    def model(self) -> GEDI:
        """The averaged network: what is evaluated and saved."""
        return self.learner.average


def train(
    make_learner: Callable[[int], Learner],
    query_log_prob: QueryLogProb | None,
    config: TrainConfig,
    on_step: Callable[[Record], None] = lambda record: None,
    search_log_prob: QueryLogProb | None = None,
) -> Outcome:
    """Attempts are compared by the training objective alone; no label is seen anywhere here.

    `make_learner(attempt)` begins an attempt. Without logic, or with its weight at 0, names cannot be wrong, and one
    attempt is made. `search_log_prob` is the same function by a faster engine, for the search of names and the
    comparison of attempts, which take thousands of evaluations.
    """
    search_log_prob = search_log_prob or query_log_prob
    guided = query_log_prob is not None and config.weights.nesy > 0
    history: list[Record] = []
    attempts: list[Attempt] = []
    learners: list[Learner] = []
    for number in range(config.attempts if guided else 1):
        factor = PRIOR_FACTORS[number % len(PRIOR_FACTORS)]
        weights = replace(config.weights, prior=config.weights.prior * factor)
        learner = make_learner(number)
        record = _recorder(f"attempt {number + 1}", history, on_step)
        _explore(learner, query_log_prob, search_log_prob, weights, config, record)
        held = None
        if guided and config.reconsider:
            learner, held = _reconsider(learner, query_log_prob, search_log_prob, weights, config, record)
        terms = learner.evaluate(search_log_prob, config.weights)
        learners.append(learner)
        attempts.append(Attempt(weights.prior, terms, objective(terms, config.weights), held))
        if _convincing(learner, attempts[-1], config):
            break
    chosen = max(range(len(attempts)), key=lambda number: attempts[number].objective)
    learner = learners[chosen]
    weights = replace(config.weights, prior=attempts[chosen].prior_weight)
    _refine(learner, query_log_prob, weights, config, _recorder("refine", history, on_step))
    return Outcome(learner, attempts, chosen, history)


def objective(terms: Terms, weights: Weights) -> float:
    """The weighted sum of the terms that can be compared between networks; L_GEN is known only up to a constant."""
    return weights.inv * terms.inv + weights.prior * terms.prior + weights.nesy * (terms.nesy or 0.0)


def _explore(
    learner: Learner,
    query_log_prob: QueryLogProb | None,
    search_log_prob: QueryLogProb | None,
    weights: Weights,
    config: TrainConfig,
    record: Callable[[int, Terms], None],
) -> None:
    """Deterministic annealing: answers begin soft and harden while the logic finds names for the clusters.

    L_GEN waits for the refinement: Langevin chains cannot follow a network that changes this fast, and in trials they
    kept attempts from finding the right names (docs/few-triples.md).
    """
    weights = replace(weights, gen=0.0)
    for step in range(config.explore):
        naming_due = config.naming_every and (step + 1) % config.naming_every == 0
        if naming_due and search_log_prob is not None and weights.nesy > 0:
            learner.rename(search_log_prob)
        rate = config.step.learning_rate * cosine(step, config.explore, config.warmup)
        entropy_weight = annealed(step / config.explore, config.entropy_start)
        record(step, learner.step(query_log_prob, weights, rate, entropy_weight))


def _convincing(learner: Learner, attempt: Attempt, config: TrainConfig) -> bool:
    """Enough queries, so well explained, by names so firm, that no other attempt is needed."""
    if attempt.terms.nesy is None or len(learner.data.tuples) < config.accept_queries:
        return False
    if attempt.held is None or attempt.held < config.hold:
        return False
    return attempt.terms.inv + attempt.terms.nesy >= config.accept


def _reconsider(
    learner: Learner,
    query_log_prob: QueryLogProb | None,
    search_log_prob: QueryLogProb | None,
    weights: Weights,
    config: TrainConfig,
    record: Callable[[int, Terms], None],
) -> tuple[Learner, float | None]:
    """Test the names: a copy learns on without the logic, and what was bent to fit wrong names falls back.

    If the copy then finds better names, it learns on under them with the logic and is tested in its turn. If not, the
    names held: the learner is returned as it was, with the mean P(query) that its copy gave.
    """
    assert search_log_prob is not None
    weights = replace(weights, gen=0.0)
    for begun in range(0, 2 * config.rounds * config.reconsider, 2 * config.reconsider):
        trial = learner.clone()
        for step in range(config.reconsider):
            record(begun + step, trial.step(None, replace(weights, nesy=0.0), config.step.learning_rate))
        # twins that no query tells apart (docs/shortcuts.md) score alike up to noise: to swap them is no improvement
        if not trial.rename(search_log_prob, restarts=64, margin=0.05).better:
            return learner, trial.evaluate(search_log_prob, config.weights).satisfaction
        for step in range(config.reconsider):
            rate = config.step.learning_rate * cosine(step, config.reconsider, config.warmup)
            record(begun + config.reconsider + step, trial.step(query_log_prob, weights, rate))
        learner = trial
    return learner, None


def _refine(
    learner: Learner,
    query_log_prob: QueryLogProb | None,
    weights: Weights,
    config: TrainConfig,
    record: Callable[[int, Terms], None],
) -> None:
    for step in range(config.refine):
        rate = config.step.learning_rate * cosine(step, config.refine, config.warmup)
        record(step, learner.step(query_log_prob, weights, rate))


def _recorder(
    phase: str, history: list[Record], on_step: Callable[[Record], None]
) -> Callable[[int, Terms], None]:
    def record(step: int, terms: Terms) -> None:
        history.append(Record(phase, step, terms))
        on_step(history[-1])

    return record
