"""Which arguments of a query are images: those that a network reads, found by putting something unheard-of there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from problog.logic import Constant, Term

from gedi_nesy.logic.errors import ProgramError, TooLargeError
from gedi_nesy.logic.grounding.slots import Slot

Reading = tuple[str, tuple[Term, ...]]
"""A network, and the symbols of the images that it reads together."""

Slots = Callable[[Term], Sequence[Slot]]
"""What networks read when a query is ground."""


def count_images(times: Mapping[Term, int], slots_of: Slots) -> Counter[Reading]:
    """How often each network reads each symbol in queries that occur so many times.

    Queries of one template, which differ only in their constants, have their images in the same places.
    """
    readings: dict[str, list[Reading]] = {}
    found: Counter[Reading] = Counter()
    for query, number in times.items():
        constants = list(constants_of(query))
        template = str(with_constants(query, map(placeholder, range(len(constants)))))
        if template not in readings:
            readings[template] = _readings(query, constants, slots_of)
        symbols = {placeholder(place): constant for place, constant in enumerate(constants)}
        for network, inputs in readings[template]:
            found[network, tuple(symbols.get(term, term) for term in inputs)] += number
    return found


def image_places(query: Term, slots_of: Slots) -> list[int]:
    """Which constants of a ground query networks read, counted from left to right."""
    constants, images = list(constants_of(query)), []
    for place in range(len(constants)):
        probe = [*constants[:place], placeholder(place), *constants[place + 1 :]]
        if any(placeholder(place) in slot.inputs for slot in _tried(with_constants(query, probe), slots_of)):
            images.append(place)
    return images


def _readings(query: Term, constants: list[Term], slots_of: Slots) -> list[Reading]:
    """What is read when every image is a placeholder of its own."""
    images = image_places(query, slots_of)
    all_images = [placeholder(i) if i in images else term for i, term in enumerate(constants)]
    return [(slot.network, slot.inputs) for slot in slots_of(with_constants(query, all_images))]


def _tried(probe: Term, slots_of: Slots) -> Sequence[Slot]:
    """Where the program calculates with an argument, a placeholder is an error, and it is no image."""
    try:
        return slots_of(probe)
    except TooLargeError:
        raise
    except ProgramError:
        return ()


def placeholder(place: int) -> Term:
    """What stands for the image in a place of a query: nothing that a program could know."""
    return Term("true symbol of image", Constant(place))


def constants_of(term: Any) -> Iterator[Term]:
    """The constants of a term from left to right, the ends of lists left out."""
    if term.arity:
        for argument in term.args:
            yield from constants_of(argument)
    elif str(term) != "[]":
        yield term


def with_constants(term: Term, constants: Iterable[Term]) -> Term:
    """The term with its constants replaced by others, from left to right."""
    rest = iter(constants)

    def replace(part: Any) -> Any:
        if part.arity:
            return part.with_args(*map(replace, part.args))
        return part if str(part) == "[]" else next(rest)

    return replace(term)
