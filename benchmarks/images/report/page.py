"""The table as one HTML page that holds its pictures, and loads nothing."""

from collections.abc import Sequence

from benchmarks.images.config import ImagesConfig
from benchmarks.images.report.pictures import Drawn
from benchmarks.runner.flags import command_line, flat
from gedi_nesy.cli.top_level import versions
from gedi_nesy.report.likelihood import Summaries, ahead
from gedi_nesy.report.page.content import Finding, Page, Picture, Table, Tone

NOT_SETTINGS = ("out", "resume", "overwrite", "workers", "backend", "scheduler", "tensorboard")
REPEAT = "From a checkout, with another folder for --out."


def finding_of(summaries: Summaries, seeds: int) -> Finding:
    """Which row has the highest median NMI, and which are no further from it than the seeds are from each other."""
    ranked = sorted(summaries, key=lambda name: -summaries[name]["nmi"]["median"])
    best, others = ranked[0], ranked[1:]
    near = [name for name in others if not ahead(summaries[best]["nmi"], summaries[name]["nmi"])]
    facts = {f"NMI of {name}": f"{summaries[name]['nmi']['median']:.3f}" for name in ranked[:4]}
    tone: Tone = "doubtful"
    if seeds < 2:
        word, sentence = "one seed", "One seed says nothing of the spread: no row is called better."
    elif near:
        word = "near each other"
        sentence = f"{best} has the highest median NMI, within the spread of seeds of {', '.join(near)}."
    else:
        word, tone = f"{best} clusters best", "good"
        sentence = f"{best} has the highest median NMI, ahead of all others by more than the spread of seeds."
    return Finding(word=word, tone=tone, sentence=sentence, facts=facts)


def page_of(
    config: ImagesConfig,
    title: str,
    summaries: Summaries,
    tables: Sequence[Table],
    drawn: Sequence[Drawn],
) -> Page:
    """The table, what is out of it, and the pictures of the first seed."""
    pictures = [
        Picture(title=each.title, png=each.file.read_bytes(), note=f"{each.note} Seed {config.seeds[0]}.")
        for each in drawn
    ]
    return Page(
        title=title,
        finding=finding_of(summaries, len(config.seeds)),
        tables=tables,
        pictures=pictures,
        settings={name: value for name, value in flat(config).items() if name not in NOT_SETTINGS},
        versions=versions(),
        command=command_line(config, "python -m benchmarks.images"),
        repeat=REPEAT,
    )
