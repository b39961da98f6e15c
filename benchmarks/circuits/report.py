"""The tables of the circuits benchmark."""

from rich.table import Table

Row = dict[str, float | str]


def headline(against: list[Row], digits: list[Row]) -> dict[str, float]:
    """The figures people ask for first."""
    found = {str(row["task"]): row for row in against}
    metrics = {
        "one_digit_times": float(found["one digit"]["both, times"]),
        "two_digits_all_answers_times": float(found["two digits, all answers"]["both, times"]),
    }
    for row in digits:
        metrics[f"digits_{row['digits']}_compile_seconds"] = float(row["compile s"])
        metrics[f"digits_{row['digits']}_ms_per_query"] = float(row["both"])
    return metrics


def table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
    for row in rows:
        table.add_row(*(_cell(row.get(name, "")) for name in rows[0]))
    return table


def _cell(value: float | str) -> str:
    if isinstance(value, str | int):
        return f"{value:,}" if isinstance(value, int) else value
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
