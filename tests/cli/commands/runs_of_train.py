"""A task of tiny images as files, and a short run of it."""

from pathlib import Path

SHORT = ["--steps", "8", "--restarts", "1"]


def arguments(place: Path, out: Path, *more: str) -> list[str]:
    """The command line that trains on the files of `write_task`."""
    given = ["--queries", str(place / "same.csv"), "--query", "same(A, B, Same)", "--out", str(out)]
    images = [] if any(each.startswith("--images") for each in more) else ["--images", str(place / "images")]
    return ["train", str(place / "same.pl"), *given, *images, *SHORT, *more]
