"""Repairs in words."""

from collections.abc import Sequence

from gedi_nesy.audit.repair.search import Repair, Repairs


def readable_repairs(repairs: Repairs) -> str:
    """What to add, the smallest addition of each kind, and whether an audit with it agreed."""
    if not repairs.needed:
        return "There is nothing to repair."
    if not repairs.found:
        return "No repair was found within the budget."
    lines: list[str] = []
    for one_to_one in (False, True):
        own = [each for each in repairs.found if each.one_to_one == one_to_one]
        if own:
            lines += ["", f"Repairs that leave one map{' with L_PRIOR' if one_to_one else ''}:"]
            lines += [f"  {line}" for each in own for line in _lines(each)]
    if not repairs.complete:
        lines += ["", "Not all queries of these kinds were looked at: fewer may do."]
    return "\n".join(lines)


def _lines(repair: Repair) -> list[str]:
    several = len({network for network, _ in repair.labels}) > 1
    labels = [f"{symbol} of {network}" if several else symbol for network, symbol in repair.labels]
    parts = []
    if repair.rule:
        parts.append(f"the rule {repair.rule}")
    if labels:
        parts.append(f"{_several(len(labels), 'label')}: {', '.join(labels)}")
    if repair.queries:
        noun = "query of it" if repair.rule else "query"
        parts.append(f"{_several(len(repair.queries), noun)}: {', '.join(repair.queries)}")
    others = "".join(f"; or {', '.join(other)}" for other in repair.others)
    return [f"{_title(repair)}: {' and '.join(parts)}{others}", f"    {_proof(repair.proven)}"]


def _title(repair: Repair) -> str:
    return {"queries": "more queries", "labels": "labels", "rule": "one more rule"}.get(
        repair.kind, repair.kind
    )


def _proof(proven: bool | None) -> str:
    if proven is None:
        return "(not proven: the audit with it did not end within the budget)"
    return "(proven: the audit with it finds one)" if proven else "(wrong: the audit with it finds others)"


def _several(number: int, noun: str) -> str:
    plural = noun.replace("query", "queries") if "query" in noun else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def as_json(repairs: Repairs) -> dict:
    """Repairs in plain lists and dictionaries."""
    return {
        "needed": repairs.needed,
        "complete": repairs.complete,
        "found": [_as_json(each) for each in repairs.found],
    }


def _as_json(repair: Repair) -> dict[str, object]:
    return {
        "kind": repair.kind,
        "one_to_one": repair.one_to_one,
        "labels": [list(label) for label in repair.labels],
        "queries": list(repair.queries),
        "rule": repair.rule,
        "others": _listed(repair.others),
        "proven": repair.proven,
    }


def _listed(others: Sequence[tuple[str, ...]]) -> list[list[str]]:
    return [list(other) for other in others]
