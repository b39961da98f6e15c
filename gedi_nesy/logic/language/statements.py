"""The heads of a statement, whatever it is: a fact, a clause, or an annotated disjunction."""

from collections.abc import Callable
from typing import Any

from problog.logic import AnnotatedDisjunction, Clause, Or, Term


def heads_of(statement: Any) -> list[Any]:
    """All heads, in their order."""
    if isinstance(statement, AnnotatedDisjunction):
        return list(statement.heads)
    if isinstance(statement, Clause):
        return [statement.head] if isinstance(statement.head, Term) else []
    return list(statement.to_list()) if isinstance(statement, Or) else [statement]


def rebuilt(
    statement: Any, change_head: Callable[[Any], Any], change_body: Callable[[Any], Any] = lambda body: body
) -> Any:
    """The statement with every head, and its body if it has one, changed."""
    if isinstance(statement, AnnotatedDisjunction):
        return AnnotatedDisjunction(
            [change_head(head) for head in statement.heads], change_body(statement.body)
        )
    if isinstance(statement, Clause):
        return Clause(change_head(statement.head), change_body(statement.body))
    if isinstance(statement, Or):
        return Or.from_list([change_head(head) for head in statement.to_list()])
    return change_head(statement)
