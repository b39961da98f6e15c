"""What the table says that L_GEN adds."""

from benchmarks.runner.results import summarise
from gedi_nesy.report.likelihood import COMPARED, Change, pairs, rows


def summary(*values: float, names=tuple(COMPARED)):
    return summarise([dict.fromkeys(names, value) for value in values])


def test_a_difference_counts_from_the_spread_of_both_rows_on():
    """Standard deviations 0.03 and 0.04 make 0.05 together."""
    wide, narrow = (0.46, 0.5, 0.54), (0.47, 0.5, 0.53)
    found = pairs(
        {
            "SimCLR": summary(*wide),
            "SimCLR + L_GEN": summary(*(value + 0.051 for value in narrow)),
            "BYOL": summary(*wide),
            "BYOL + L_GEN": summary(*(value + 0.049 for value in narrow)),
            "DINO": summary(*wide),
            "DINO + L_GEN": summary(*(value - 0.051 for value in narrow)),
            "GEDI": summary(*wide),
        }
    )
    words = {name: {change.word for change in changes.values()} for name, changes in found.items()}
    assert words == {"SimCLR": {"better"}, "BYOL": {"the same"}, "DINO": {"worse"}}


def test_one_seed_says_nothing_and_what_was_not_measured_is_a_dash():
    summaries = {"SimCLR": summary(0.5, names=("nmi",)), "SimCLR + L_GEN": summary(0.75)}
    assert pairs(summaries) == {"SimCLR": {"nmi": Change(0.5, 0.75, "one seed")}}
    assert rows(summaries) == [["SimCLR", "0.500 to 0.750, one seed", *["-"] * (len(COMPARED) - 1)]]
