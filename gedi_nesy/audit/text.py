"""An audit of concept maps in words."""

from collections.abc import Mapping, Sequence

from gedi_nesy.audit.examination import ConceptMap, LabelSet
from gedi_nesy.audit.search import Bounds
from gedi_nesy.audit.shortcuts import Audit

SHOWN = 40
"""Up to this many maps are printed."""


def readable(audit: Audit) -> str:
    """The whole audit: counts, maps, ambiguous symbols, what L_PRIOR and what labels would settle."""
    symbols = sum(len(by_symbol) for by_symbol in _symbols(audit).values())
    lines = [
        f"{audit.program}: {_queries(len(audit.queries))}, {_several(symbols, 'symbol')} of"
        f" {' and '.join(_symbols(audit))}, {_number(audit.possible)} maps in all",
        *_left_out(audit),
        verdict(audit),
        *_why_not_identity(audit),
        *_maps(audit),
        *_ambiguous(audit),
        *_labels(audit),
    ]
    return "\n".join(lines)


def _left_out(audit: Audit) -> list[str]:
    if not audit.left_out:
        return []
    return [
        f"{_queries(audit.left_out)} more could not be ground within the budget;"
        " with them fewer maps may be left, and fewer labels do."
    ]


def verdict(audit: Audit) -> str:
    """One sentence: how many maps the logic admits, and how many of them L_PRIOR does."""
    if audit.maps == 0:
        return "No map satisfies all queries: they contradict each other under this program."
    if audit.maps == 1:
        what = "the identity" if audit.identity else "and it is not the identity"
        return f"1 map satisfies all queries, {what}: the logic says what every symbol means."
    satisfy = "satisfies" if audit.maps_bounds.high == 1 else "satisfy"
    return f"{_counted(audit.maps_bounds, 'map')} {satisfy} all queries; {_one_to_one(audit)}."


def _counted(bounds: Bounds, noun: str) -> str:
    """`3 maps`, or what is known of the number."""
    if bounds.exact:
        return f"{_number(bounds.low)} {noun if bounds.low == 1 else noun + 's'}"
    if not bounds.low:
        return f"at most {_number(bounds.high)} {noun if bounds.high == 1 else noun + 's'}"
    return f"between {_number(bounds.low)} and {_number(bounds.high)} {noun}s"


def _one_to_one(audit: Audit) -> str:
    bounds = audit.one_to_one_bounds
    if not bounds.exact:
        within = f"at most {_number(bounds.high)}"
        if bounds.low:
            within = f"between {_number(bounds.low)} and {_number(bounds.high)}"
        return f"{within} of them are one-to-one, which is what could be proven within the budget"
    if bounds.high == 0:
        return "none of them is one-to-one"
    if bounds.high == 1:
        only = "1 of them is one-to-one" if not audit.identity else "only the identity is one-to-one"
        return f"{only}, and L_PRIOR rules out the others"
    tell = "only labels can tell these apart"
    if audit.listed is None or any(m.one_to_one and not m.keeps_frequencies for m in audit.listed):
        tell = "only labels, or knowing how frequent each symbol is, can tell these apart"
    if audit.maps == bounds.low:
        return f"all of them are one-to-one, so L_PRIOR rules out none: {tell}"
    return f"{_number(bounds.low)} of them are one-to-one, and L_PRIOR rules out the others: {tell}"


def landed(audit: Audit, outputs: Mapping[str, Mapping[str, str]]) -> str:
    """Which map of the audit a network learned, given as by `ConceptMap.outputs`."""
    if all(symbol == output for symbols in outputs.values() for symbol, output in symbols.items()):
        return "The network learned the identity: every symbol means what it should."
    moved = ", ".join(f"{s}->{o}" for symbols in outputs.values() for s, o in symbols.items() if s != o)
    broken = audit.broken(outputs)
    if broken:
        return (
            f"The network learned no map of the audit ({moved}): it breaks {len(broken)} of"
            f" {len(audit.queries)} queries, such as {broken[0]}."
        )
    number = audit.number(outputs)
    place = f"map {number} of {audit.maps}" if number else f"one of {_counted(audit.maps_bounds, 'map')}"
    return f"The network learned a shortcut, {place}: {moved}."


def _symbols(audit: Audit) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for variable in audit.problem.variables:
        found.setdefault(variable.network, []).append(variable.symbol)
    return found


def _why_not_identity(audit: Audit) -> list[str]:
    if audit.identity:
        return []
    unknown = [v for v in audit.problem.variables if v.symbol not in v.outputs]
    if unknown:
        names = ", ".join(v.symbol for v in unknown)
        return [f"The identity is not among them: {names} is no output of {unknown[0].network}."]
    broken = audit.broken({name: {s: s for s in symbols} for name, symbols in _symbols(audit).items()})
    return [
        f"The identity is not among them: with the true symbols {len(broken)} of {len(audit.queries)} queries do not"
        f" hold, such as {broken[0]}. Are they written with the symbols that the images show?"
    ]


def _maps(audit: Audit) -> list[str]:
    if audit.listed is None or len(audit.listed) <= 1:
        return []
    lines = []
    for position, (network, symbols) in enumerate(_symbols(audit).items()):
        width = max(len(name) for v in audit.problem.variables for name in (v.symbol, *v.outputs))
        label = max(len(network), len(str(len(audit.listed))))
        header = "  ".join(f"{symbol:>{width}}" for symbol in symbols)
        # what holds for a map of all networks stands beside that of the first
        lines += [
            "",
            f"  {network:>{label}}  {header}" + ("    one-to-one  frequencies" if not position else ""),
        ]
        for number, found in enumerate(audit.listed[:SHOWN], 1):
            row = "  ".join(f"{found.outputs[network][symbol]:>{width}}" for symbol in symbols)
            properties = _properties(found) if not position else ""
            lines.append(f"  {number:>{label}}  {row}    {properties}".rstrip())
    if len(audit.listed) > SHOWN:
        lines.append(f"  ... and {len(audit.listed) - SHOWN} more (--json lists them all)")
    return [*lines, ""]


def _properties(found: ConceptMap) -> str:
    one_to_one = "yes" if found.one_to_one else "no"
    frequencies = "kept" if found.keeps_frequencies else "changed"
    return f"{one_to_one:<10}  {frequencies:<11}  {'the identity' if found.identity else ''}"


def _ambiguous(audit: Audit) -> list[str]:
    if audit.ambiguous is None:
        return ["Which symbols are ambiguous could not be found within the budget."]
    lines = [
        f"Ambiguous symbols of {network}: "
        + ", ".join(f"{symbol} (or {_alternatives(others)})" for symbol, others in symbols.items())
        for network, symbols in audit.ambiguous.items()
        if symbols
    ]
    return lines


def _alternatives(others: Sequence[str]) -> str:
    return ", ".join(others) if len(others) <= 5 else f"{', '.join(others[:4])}, ..."


def _labels(audit: Audit) -> list[str]:
    if not audit.identity or audit.maps == 1:
        return []
    several = len(_symbols(audit)) > 1
    lines = [f"To leave one map, label {_label_sets(audit.labels, several)}."]
    if audit.one_to_one != audit.maps:
        lines.append(f"To leave one map with L_PRIOR, label {_label_sets(audit.labels_one_to_one, several)}.")
    return lines


def _label_sets(sets: Sequence[LabelSet] | None, several_networks: bool) -> str:
    """`2 symbols: 0 and 1, or 0 and 3, ... (25 choices)`."""
    if sets is None:
        return "... (could not be found within the budget)"
    if not sets[0]:
        return "nothing"
    names = [
        " and ".join(f"{symbol} of {network}" if several_networks else symbol for network, symbol in labels)
        for labels in sets
    ]
    shown = ", or ".join(names[:4]) + (f", ... ({len(names)} choices)" if len(names) > 4 else "")
    return f"{_several(len(sets[0]), 'symbol')}: {shown}"


def _queries(number: int) -> str:
    return f"{number} {'query' if number == 1 else 'queries'}"


def _several(number: int, noun: str) -> str:
    return f"{number} {noun if number == 1 else noun + 's'}"


def _number(number: int) -> str:
    return f"{number:,}" if number < 10**15 else f"{number:.3g}"
