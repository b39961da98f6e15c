"""From a query with its images left open to a ground AND/OR graph, by DeepProbLog's and ProbLog's own front end."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from problog.engine import GroundingError, UnknownClause
from problog.errors import ProbLogError
from problog.formula import LogicDAG, LogicFormula
from problog.logic import Constant, Term, Var, term2list

from gedi_nesy.logic.errors import ProgramError, did_you_mean
from gedi_nesy.logic.graph import (
    FALSE,
    TRUE,
    ConstantWeight,
    Graph,
    LearnableWeight,
    NeuralWeight,
    Variable,
    Weight,
)
from gedi_nesy.logic.neural import NeuralPredicate, called_predicates
from gedi_nesy.logic.python_guard import GuardedEngine
from gedi_nesy.logic.source import Source, subterms

with warnings.catch_warnings():
    # DeepProbLog warns on import that its approximate engine needs SWI-Prolog; nothing here uses it.
    warnings.simplefilter("ignore")
    from deepproblog.engines import ExactEngine
    from deepproblog.model import Model
    from deepproblog.network import Network as DeepProbLogNetwork


@dataclass(frozen=True)
class Slot:
    """A network reading one image (or several), and the neural predicate of the program that asks for it."""

    network: str
    images: tuple[str, ...]
    predicate: str
    domain: tuple[Term, ...]


@dataclass
class Grounding:
    """The graph of a query; `roots` pairs each answer term with its node, `evidence` is what all is conditioned on."""

    graph: Graph
    slots: list[Slot]
    roots: list[tuple[Term, int]]
    evidence: int


def image_term(index: int) -> Term:
    """What stands for the `index`-th image of a query: tensor(image(index)), as a DeepProbLog user would write it."""
    return Term("tensor", Term("image", Constant(index)))


def substitute(term: Term, names: Mapping[str, Term]) -> Term:
    """The term with the named variables replaced, and all others left alone."""
    return term.apply_term({Var(name): value for name, value in names.items()})


class FrontEnd:
    """A program inside DeepProbLog's `Model`, ready to ground queries; `modules` are called only by its own solver."""

    def __init__(
        self, source: Source, modules: Mapping[str, object], allow_python: bool, cache: bool = False
    ):
        networks = [DeepProbLogNetwork(module, name) for name, module in modules.items()]
        self.source = source
        try:
            self.model = Model(source.text, networks, load=False)
            engine = ExactEngine(self.model)
            engine.engine = GuardedEngine(source, allow_python)
            self.model.set_engine(engine, cache=cache)
        except ProbLogError as error:
            raise self.problog_error(error) from error
        self.engine = engine.engine
        self.database = self.model.solver.program

    def ground(self, queries: Iterable[Term], evidence: Iterable[Term] = ()) -> LogicFormula:
        """All queries in one acyclic formula, so that they share nodes."""
        formula = LogicFormula(keep_order=True)
        labels = (LogicFormula.LABEL_QUERY, queries), (LogicFormula.LABEL_EVIDENCE_POS, evidence)
        try:
            for label, terms in labels:
                for term in terms:
                    self.engine.ground(self.database, term, formula, label=label)
            # ProbLog's own cycle breaking copies sets of ancestors at every node, so it is kept for real cycles.
            return formula if topological_order(formula) is not None else LogicDAG.create_from(formula)
        except ProbLogError as error:
            raise self.problog_error(error) from error

    def problog_error(self, error: ProbLogError) -> ProgramError:
        """A ProbLog error as one line with FILE:LINE, and the nearest name for an unknown predicate."""
        if isinstance(error, UnknownClause):
            signature = str(error.signature)
            where = called_predicates(self.source).get(signature, self.source.name)
            return ProgramError(
                f"{where}: nothing defines {signature}{did_you_mean(signature, self.defined_predicates())}"
            )
        location = error.location if isinstance(error, GroundingError) else None
        where = f"{self.source.name}:{location[1]}" if isinstance(location, tuple) else self.source.name
        return ProgramError(f"{where}: {error.base_message}")

    def defined_predicates(self) -> set[str]:
        """name/arity of every predicate that the program's text defines."""
        heads = (head for statement in self.source.statements for head in _defined_heads(statement))
        return {head.signature for head in heads if head.functor != "_directive"}


def _defined_heads(statement: Term) -> list[Term]:
    if statement.functor in (":-", "<-") and statement.arity == 2:
        statement = statement.args[0]
    if hasattr(statement, "heads"):
        return list(statement.heads)
    return list(statement.to_list()) if hasattr(statement, "to_list") else [statement]


def topological_order(formula: LogicFormula) -> list[int] | None:
    """The keys below the queries and the evidence, children first; None if the formula has a cycle."""
    order: list[int] = []
    done: dict[int, bool] = {}
    stack = [abs(key) for _, key in [*formula.queries(), *formula.evidence()] if key]
    while stack:
        key = stack[-1]
        if key not in done:
            done[key] = False
            children = getattr(formula.get_node(key), "children", ())
            for child in children:
                if child and not done.get(abs(child), True):
                    return None
                if child and abs(child) not in done:
                    stack.append(abs(child))
        else:
            stack.pop()
            if not done[key]:
                done[key] = True
                order.append(key)
    return order


class _Translation:
    """One LogicFormula being rewritten as a Graph."""

    def __init__(self, formula: LogicFormula, images: Sequence[str], predicates: Sequence[NeuralPredicate]):
        self.formula = formula
        self.images = {image_term(index): name for index, name in enumerate(images)}
        self.predicates = predicates
        self.slots: list[Slot] = []
        self.groups: dict[object, int] = {}
        self.members: list[list[tuple[int, Weight]]] = []
        self.names: list[str] = []

    def graph(self) -> tuple[Graph, dict[int, int]]:
        """The graph, and where each of the formula's nodes went."""
        order = topological_order(self.formula)
        assert order is not None, "cycles are broken before translation"
        nodes = [(key, self.formula.get_node(key)) for key in order]
        position = {key: self._add_choice(key, node) for key, node in nodes if not hasattr(node, "children")}
        self._sort_slots()
        variables = [
            Variable(name, tuple(weight for _, weight in members))
            for name, members in zip(self.names, self.members, strict=True)
        ]
        graph = Graph(variables)
        translated: dict[int, int] = {}
        for key, node in nodes:
            if key in position:
                variable, value = position[key]
                translated[key] = graph.literal(variable, 1 << value)
                continue
            children = [self.lookup(graph, translated, child) for child in node.children]
            combine = graph.conjunction if type(node).__name__ == "conj" else graph.disjunction
            translated[key] = combine(children)
        return graph, translated

    def _sort_slots(self) -> None:
        """Slots in the order of the query's images, rather than in the order of its proofs."""
        names = list(self.images.values())
        order = sorted(
            range(len(self.slots)), key=lambda i: [names.index(name) for name in self.slots[i].images]
        )
        self.slots = [self.slots[i] for i in order]
        place = {old: new for new, old in enumerate(order)}
        for members in self.members:
            for i, (key, weight) in enumerate(members):
                if isinstance(weight, NeuralWeight):
                    members[i] = key, NeuralWeight(place[weight.slot], weight.output)

    @staticmethod
    def lookup(graph: Graph, translated: Mapping[int, int], key: int | None) -> int:
        """The graph node of a formula key, where 0 is true, None is false and negative keys are negations."""
        if key is None:
            return FALSE
        if key == 0:
            return TRUE
        return translated[key] if key > 0 else graph.negation(translated[-key])

    def _add_choice(self, key: int, node) -> tuple[int, int]:
        group = node.group if node.group is not None else ("fact", key)
        if group not in self.groups:
            self.groups[group] = len(self.members)
            self.members.append([])
            self.names.append(str(_atom_term(node)))
        variable = self.groups[group]
        self.members[variable].append((key, self._weight(node)))
        return variable, len(self.members[variable]) - 1

    def _weight(self, node) -> Weight:
        probability = node.probability
        if isinstance(probability, Term) and probability.functor == "nn":
            return self._neural_weight(node, probability)
        if isinstance(probability, Term) and probability.functor == "t":
            return LearnableWeight(int(probability.args[0]))
        return ConstantWeight(float(probability))

    def _neural_weight(self, node, probability: Term) -> Weight:
        network = str(probability.args[0])
        inputs = tuple(self._image(network, term) for term in term2list(probability.args[1], deep=False))
        term = _atom_term(node)
        predicate = next(
            (
                p
                for p in self.predicates
                if (p.name, p.arity, p.network) == (term.functor, term.arity, network)
            ),
            None,
        )
        assert predicate is not None, f"no neural predicate declares {term}"
        slot = next(
            (i for i, s in enumerate(self.slots) if (s.network, s.images) == (network, inputs)),
            len(self.slots),
        )
        if slot == len(self.slots):
            self.slots.append(Slot(network, inputs, predicate.name, predicate.domain))
        return NeuralWeight(slot, int(probability.args[2]) if probability.arity == 3 else 0)

    def _image(self, network: str, term: Term) -> str:
        if term not in self.images:
            raise ProgramError(
                f"network '{network}' is asked to read {term}, which is not an image of the query"
            )
        return self.images[term]


def _atom_term(node) -> Term:
    """The program's own atom behind a ground atom; ProbLog wraps a choice of a disjunction as choice(_, _, atom, ...)."""
    return node.name.args[2] if node.name.functor == "choice" and node.group is not None else node.name


def ground(
    front_end: FrontEnd,
    query: Term,
    images: Sequence[str],
    predicates: Sequence[NeuralPredicate],
    evidence: Iterable[Term] = (),
) -> Grounding:
    """Ground one query, its images already replaced by `image_term`s."""
    evidence = list(evidence)
    formula = front_end.ground([query], evidence)
    translation = _Translation(formula, images, predicates)
    graph, translated = translation.graph()
    roots = [(term, translation.lookup(graph, translated, key)) for term, key in formula.queries()]
    conditions = [translation.lookup(graph, translated, key) for _, key in formula.evidence()]
    return Grounding(graph, translation.slots, roots, graph.conjunction(conditions))


def variable_names(term: Term) -> set[str]:
    """The names of all variables of a query."""
    return {str(part) for part in subterms(term) if part.is_var()}
