"""Programs that once did not finish, crashed, or gave a wrong number: each against an independent value."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gedi_nesy.logic import Program

CASES = Path(__file__).parent.parent / "cases"


def program(name: str, *arguments: str) -> Program:
    """A case as it stands, or as the script that writes it does for these arguments."""
    path = CASES / name
    if path.suffix == ".pl":
        return Program.from_file(path, {})
    command = [sys.executable, str(path), *arguments]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return Program.from_string(text, {}, name=f"{name} {' '.join(arguments)}")


@pytest.mark.parametrize(
    ("name", "arguments", "probabilities"),
    [
        ("chain20.pl", (), [0.4 + 0.1 * 0.5**20]),
        ("chain50.pl", (), [0.4]),
        ("markov.py", ("50",), [0.4]),
        ("local_bn.py", ("50",), [0.4404642]),
        ("hmm.py", ("5",), [0.04444812, 0.31428515, 0.64126673]),
        ("hmm.py", ("10",), [0.11261827, 0.47348365, 0.41389808]),
    ],
)
def test_chains_and_networks(name, arguments, probabilities):
    found = [probability for _, probability in program(name, *arguments).solve()]
    assert found == pytest.approx(probabilities, rel=1e-6)


@pytest.mark.parametrize("depth", ["3", "7"])
def test_a_tree_whose_diagram_is_deeper_than_the_stack(depth):
    tree = program("tree.py", depth)
    heads: dict[int, float] = {}
    for line in tree.source.text.splitlines():
        head, *body = [int(found) for found in re.findall(r"x\((\d+)\)", line)]
        if not line.startswith("query"):
            share = float(line.partition("::")[0])
            for sign, child in zip(re.findall(r"(:-|,) (\\\+)?", line), body, strict=True):
                share *= 1 - heads[child] if sign[1] else heads[child]
            heads[head] = heads.get(head, 0.0) + share
    assert tree.solve()[0][1] == pytest.approx(heads[0])
