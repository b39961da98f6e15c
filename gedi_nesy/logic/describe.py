"""Programs and compiled queries described, for people and as plain data."""

from collections.abc import Sequence
from typing import Any

from gedi_nesy.logic.program import Program
from gedi_nesy.logic.query import Query


def describe_program(program: Program) -> dict[str, Any]:
    """What the program declares: neural predicates and learnable facts."""
    predicates = [
        {
            "name": predicate.name,
            "arity": predicate.arity,
            "network": predicate.network,
            "kind": predicate.kind,
            "domain": list(map(str, predicate.domain)),
            "line": predicate.line,
        }
        for predicate in program.neural_predicates
    ]
    return {
        "file": program.source.name,
        "neural_predicates": predicates,
        "learnable": program.learnable.probabilities(),
    }


def describe_query(query: Query) -> dict[str, Any]:
    """What reads which image, which answers there are, and what the query compiled to."""
    circuit = query.template.circuit
    read = {image for slot in query.slots for image in slot.images}
    return {
        "text": query.text,
        "images": [
            {
                "images": list(slot.images),
                "predicate": slot.predicate,
                "network": slot.network,
                "outputs": len(slot.domain) or 1,
            }
            for slot in query.slots
        ],
        "unread_images": [name for name in query.images if name not in read],
        "answer": query.answer,
        "answers": list(map(str, query.answers)) if query.answer else [],
        "ground_nodes": query.template.report.ground_nodes,
        "grounding_seconds": round(query.template.report.grounding_seconds, 3),
        "compile_seconds": round(query.template.report.seconds - query.template.report.grounding_seconds, 3),
        "route": query.template.report.route,
        "strategy": query.template.report.strategy,
        "circuit": {"rows": circuit.rows, "edges": circuit.edges, "depth": len(circuit.layers)},
    }


def readable(report: dict[str, Any]) -> str:
    """A report, with or without its `query`, in words."""
    lines = [report["file"], "", "neural predicates"]
    for predicate in report["neural_predicates"]:
        name = f"{predicate['name']}/{predicate['arity']}"
        values = (
            f"one of {_shortened(predicate['domain'])}" if predicate["domain"] else f"a {predicate['kind']}"
        )
        lines.append(f"  {name}: network {predicate['network']}, {values} (line {predicate['line']})")
    if not report["neural_predicates"]:
        lines.append("  none")
    if report["learnable"]:
        lines += [
            "",
            "learnable facts",
            *(f"  {name}: starts at {p:.3g}" for name, p in report["learnable"].items()),
        ]
    if "query" in report:
        lines += ["", *_readable_query(report["query"])]
    return "\n".join(lines)


def _readable_query(query: dict[str, Any]) -> list[str]:
    routes = {
        "direct": "the ground program is a circuit as it stands",
        "elimination": "by variable elimination",
        "sdd": "through a decision diagram",
        "mixed": "direct, with the parts that were no circuit compiled",
    }
    lines = [f"query {query['text']}"]
    for slot in query["images"]:
        reader = f"read by {slot['network']} for {slot['predicate']}, {slot['outputs']} outputs"
        lines.append(f"  {', '.join(slot['images'])}: {reader}")
    lines += [f"  {name}: no network reads it" for name in query["unread_images"]]
    if query["answer"]:
        lines.append(f"  {query['answer']}: {len(query['answers'])} answers, {_shortened(query['answers'])}")
    circuit = query["circuit"]
    strategy = f" ({query['strategy']})" if query["strategy"] else ""
    lines += [
        f"  ground program: {query['ground_nodes']:,} nodes, {query['grounding_seconds']:.2f} s",
        f"  compiled: {routes.get(query['route'], query['route'])}{strategy}, {query['compile_seconds']:.2f} s",
        f"  circuit: {circuit['rows']:,} rows, {circuit['edges']:,} edges, depth {circuit['depth']}",
    ]
    return lines


def _shortened(values: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(values[:most])
    return f"{shown}, ... {values[-1]}" if len(values) > most else shown
