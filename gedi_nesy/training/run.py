"""A training run as a machine that takes one step at a time, and whose whole state can be saved between two steps."""

import operator
from collections.abc import Callable

from gedi_nesy.objectives import table
from gedi_nesy.objectives.table import Objective, Terms
from gedi_nesy.training.batches import QueryLogProb
from gedi_nesy.training.config import PRIOR_FACTORS, TrainConfig
from gedi_nesy.training.divergence import DivergedError
from gedi_nesy.training.durability import checkpoint, snapshot
from gedi_nesy.training.durability.checkpoint import Tree
from gedi_nesy.training.durability.rollback import Recovery, Rollback
from gedi_nesy.training.evaluation import evaluate
from gedi_nesy.training.learner import Learner
from gedi_nesy.training.permutation.step import improve_permutation, permute_clusters
from gedi_nesy.training.records import Attempt, Record, packed, renamed, unpacked
from gedi_nesy.training.schedule import Phase, entropy_weight, learning_rate, num_steps, steps_before


class TrainingRun:
    """Where training stands: phase, attempt, step, the learners, and what is known so far.

    Only the best restart and the present one are kept. `state` is given to go on from where a run was saved.
    """

    def __init__(
        self,
        make_learner: Callable[[int], Learner],
        query_log_prob: QueryLogProb | None,
        config: TrainConfig,
        search_log_prob: QueryLogProb | None = None,
        on_step: Callable[[Record], None] = lambda record: None,
        state: Tree | None = None,
        on_restart: Callable[[Learner, Learner | None], None] = lambda learner, copy: None,
    ):
        self.make_learner, self.config = make_learner, config
        self.on_step, self.on_restart = on_step, on_restart
        self.query_log_prob, self.search_log_prob = query_log_prob, search_log_prob or query_log_prob
        self.guided = query_log_prob is not None and table.needs(config.objective, "queries")
        self.phase: Phase = self._first_phase
        self.attempt = self.round = self.step = 0
        self.attempts: list[Attempt] = []
        self.history: list[Record] = []
        self.recoveries: list[Recovery] = []
        self.chosen = 0
        self.best: Learner | None = None
        self.trial: Learner | None = None
        with checkpoint.restoring():
            attempt = operator.index(state["attempt"]) if state else 0
        self.learner = make_learner(attempt)
        self.rollback = Rollback(self._good())
        if state:
            with checkpoint.restoring():
                self._restore(state)

    @property
    def done(self) -> bool:
        return self.phase == "done"

    def advance(self) -> None:
        """One step, and what is decided after it; or, if the step would do harm, back to a good state.

        DivergedError, with the evidence, if going back did not help.
        """
        try:
            terms = self._take_step()
            self._record(terms)
            self.step += 1
            if self.step % self.config.step.guard.good_every == 0:
                snapshot.check_finite(self.active)
                self.rollback.passed(self._good)
            while not self.done and self.step >= num_steps(self.config, self.phase):
                self._end_phase()
        except DivergedError as error:
            self._roll_back(error)

    @property
    def _first_phase(self) -> Phase:
        return "cluster" if self._clustered else "explore"

    @property
    def active(self) -> Learner:
        """The learner that takes the steps."""
        return self.learner if self.trial is None else self.trial

    @property
    def objective(self) -> Objective:
        """That of the present restart, or of the chosen one."""
        return {**self.config.objective, "prior": self.prior_weight}

    @property
    def prior_weight(self) -> float:
        """The weight of L_PRIOR in the present restart."""
        return self.config.objective.get("prior", 0.0) * PRIOR_FACTORS[self.attempt % len(PRIOR_FACTORS)]

    @property
    def _clustered(self) -> bool:
        """Whether restarts begin without logic."""
        return self.guided and self.config.cluster > 0

    def _take_step(self) -> Terms:
        config, phase, step, objective = self.config, self.phase, self.step, self.objective
        query = None if phase in ("cluster", "reconsider") else self.query_log_prob
        if phase != "refine":
            # Langevin chains cannot follow a network that changes this fast, and in trials they kept restarts from
            # finding the right permutation (docs/training.md): L_GEN waits for the refinement
            objective = table.times(objective, "samples", 0.0)
        # clusters that are there already are named first, others when they have begun to form
        count = step if self._clustered else step + 1
        due = phase == "explore" and config.naming_every and count % config.naming_every == 0
        if due and self.guided:
            assert self.search_log_prob is not None
            permute_clusters(self.active, self.search_log_prob)
        weight = entropy_weight(config, phase, step, self._clustered)
        return self.active.step(query, objective, learning_rate(config, phase, step), weight)

    def _record(self, terms: Terms) -> None:
        phase = "refine" if self.phase == "refine" else f"attempt {self.attempt + 1}"
        self.history.append(Record(phase, self._offset + self.step, terms))
        self.on_step(self.history[-1])

    @property
    def _offset(self) -> int:
        return steps_before(self.config, self.phase, self.round, self._clustered)

    def _end_phase(self) -> None:
        if self.phase == "cluster":
            self._begin("explore")
        elif self.phase == "explore":
            if self.guided and self.config.reconsider:
                self._verify(self.learner, round_=0)
            else:
                self._conclude(self.learner, held=None)
        elif self.phase == "reconsider":
            assert self.trial is not None
            assert self.search_log_prob is not None
            # twins that no query tells apart (docs/shortcuts.md) score alike up to noise: swapping improves nothing
            better = permute_clusters(self.trial, self.search_log_prob, restarts=64, margin=0.05).better
            if better or improve_permutation(self.trial, self.search_log_prob):
                self._begin("confirm")
            else:
                self._conclude(self.learner, self._judge(self.trial)["satisfaction"])
        elif self.phase == "confirm":
            assert self.trial is not None
            if self.round + 1 < self.config.rounds:
                self._verify(self.trial, self.round + 1)
            else:
                self._conclude(self.trial, held=None)
        else:
            self._begin("done")

    def _verify(self, learner: Learner, round_: int) -> None:
        """Verification: a copy learns on without the logic, and what was bent to fit a wrong permutation falls back.

        If the copy then finds a better one, it learns on under it with the logic and is verified in its turn. If not,
        the permutation held: the learner is kept as it was, with the mean P(query) that its copy gave.
        """
        self.learner, self.trial, self.round = learner, learner.clone(), round_
        self._begin("reconsider")

    def _begin(self, phase: Phase) -> None:
        self.phase, self.step = phase, 0
        self.active.forget_usual()
        self.rollback = Rollback(self._good())

    def _judge(self, learner: Learner) -> Terms:
        terms = evaluate(learner, self.search_log_prob, self.config.objective)
        value = table.value(self.config.objective, terms)
        if not -float("inf") < value < float("inf"):
            raise DivergedError(f"the objective over the training data is {value}; the terms are {terms}")
        return terms

    def _conclude(self, learner: Learner, held: float | None) -> None:
        """The restart is over: keep it if it is accepted or the best, then make another one or refine the one kept."""
        terms = self._judge(learner)
        self.on_restart(learner, self.trial)
        found = Attempt(self.prior_weight, terms, table.value(self.config.objective, terms), held)
        restarts = self.config.attempts if self.guided else self.config.attempts_without_queries
        enough = self.guided and found.accepted(learner.data.num_queries, self.config)
        if enough or self.best is None or found.objective > self.attempts[self.chosen].objective:
            self.best, self.chosen = learner, self.attempt
        self.attempts.append(found)
        self.trial = None
        if enough or len(self.attempts) == restarts:
            self.learner, self.best, self.attempt = self.best, None, self.chosen
            self._begin("refine")
        else:
            self.attempt += 1
            self.learner = self.make_learner(self.attempt)
            self._begin(self._first_phase)

    def _good(self) -> Tree:
        return {"step": self.step, "learner": snapshot.take(self.active, chains=False)}

    def _roll_back(self, error: DivergedError) -> None:
        """To the last good state of this phase, with new chains, fresh random numbers and smaller steps."""
        tries, active = self.config.step.guard.tries, self.active
        where = "refine" if self.phase == "refine" else f"attempt {self.attempt + 1}"
        if active.backoff >= tries:
            raise DivergedError(
                f"training diverged in {where}; {active.backoff} rollbacks with smaller steps did not help: {error}",
                {**error.evidence, "history": self.history, "recoveries": self.recoveries},
            ) from error
        good = self.rollback.good
        snapshot.roll_back(active, good["learner"])
        self.recoveries.append(
            Recovery(where, self.step, good["step"], active.backoff, str(error), len(self.history))
        )
        void = f"{where}, void after rollback {len(self.recoveries)}"
        self.history = renamed(self.history, where, self._offset + good["step"], void)
        self.step = good["step"]
        self.rollback = Rollback(self._good())

    def tree(self) -> Tree:
        """All of it, for a checkpoint."""
        return {
            "phase": self.phase,
            "attempt": self.attempt,
            "round": self.round,
            "step": self.step,
            "attempts": self.attempts,
            "chosen": self.chosen,
            "history": packed(self.history),
            "recoveries": self.recoveries,
            "fallback": self.rollback.tree(),
            "learner": snapshot.take(self.learner),
            "trial": self.trial and snapshot.take(self.trial),
            "best": self.best and snapshot.take(self.best),
        }

    def _restore(self, tree: Tree) -> None:
        self.phase, self.attempt, self.round = tree["phase"], tree["attempt"], tree["round"]
        self.step, self.chosen = tree["step"], tree["chosen"]
        self.attempts = [Attempt(*each) for each in tree["attempts"]]
        self.history = unpacked(tree["history"])
        self.recoveries = [Recovery(*each) for each in tree["recoveries"]]
        # all learners are built alike: what makes them differ is in the tree
        self.trial = self.learner.clone() if tree["trial"] else None
        self.best = self.learner.clone() if tree["best"] else None
        for learner, name in ((self.learner, "learner"), (self.trial, "trial"), (self.best, "best")):
            if learner is not None:
                snapshot.restore(learner, tree[name])
        self.rollback = Rollback.of(tree["fallback"])
