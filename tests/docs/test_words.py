"""Spelling, as `make words` looks at it: typing errors anywhere, British spelling in prose."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (
            "--dictionary",
            ".ci/american.txt",
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "SECURITY.md",
            "docs",
        ),
    ],
    ids=["typing errors", "British"],
)
def test_words(root, arguments):
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_american_words_are_found(root, tmp_path):
    (tmp_path / "page.md").write_text("The color of neighbors.\n")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "codespell_lib",
            "--dictionary",
            str(root / ".ci" / "american.txt"),
            "page.md",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "color ==> colour" in done.stdout
    assert "neighbors ==> neighbours" in done.stdout
