"""Programs with something broken: bytes changed, words lost, doubled or swapped, pieces of other programs put in."""

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

TOKEN = re.compile(r"[A-Za-z_0-9.]+|\s+|[^\sA-Za-z_0-9]+")
WORDS = (
    ":: :- t(_) nn(n,[X],Y,[0,1]) _ X 0.5 -1 '3' [ ) \\+ is findall(X,a(X),L) length(X,-1) 2**99999 ?::a /*"
)
SPICE = [
    *WORDS.split(),
    "normal(0,1)",
    "inf",
    "subquery(a,P)",
    "evidence(a)",
    "consult('x')",
    "\x00",
    "é",
    '"3"',
]


def mutate(text: str, others: Sequence[str], generator: random.Random) -> bytes:
    """A program a few mutations away from this one."""
    for _ in range(generator.randint(1, 3)):
        tokens = TOKEN.findall(text) or [""]
        i, j = generator.randrange(len(tokens)), generator.randrange(len(tokens))
        match generator.randrange(10):
            case 0:
                del tokens[i]
            case 1:
                tokens.insert(i, tokens[i])
            case 2:
                tokens[i], tokens[j] = tokens[j], tokens[i]
            case 3:
                tokens.insert(i, generator.choice(SPICE))
            case 4 | 8:
                tokens[i] = generator.choice(SPICE)
            case 5 | 9:
                donor = TOKEN.findall(generator.choice(others)) or [""]
                tokens[i] = generator.choice(donor)
            case 6:
                tokens[i : i + generator.randint(2, 4)] = []
            case 7:
                text = _with_a_clause_of("".join(tokens), generator.choice(others), generator)
                continue
        text = "".join(tokens)
    data = bytearray(text.encode())
    if data and generator.random() < 0.15:
        data[generator.randrange(len(data))] = generator.randrange(256)
    return bytes(data)


def _with_a_clause_of(text: str, other: str, generator: random.Random) -> str:
    """Clauses of two programs that share names now and then mean something together."""
    clauses, donor = text.splitlines(), other.splitlines() or [""]
    clauses.insert(generator.randint(0, len(clauses)), generator.choice(donor))
    return "\n".join(clauses)


def mutants(paths: Sequence[Path], count: int, seed: int) -> Iterator[bytes]:
    """Mutants of these programs, each of them as often as the others."""
    generator = random.Random(seed)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in paths]
    for number in range(count):
        yield mutate(texts[number % len(texts)], texts, generator)
