"""The promise report on the terminal: a table, then three plain sentences."""

from rich.console import Console
from rich.table import Table

from safar.journey.report import PromiseReport, as_table, sentences


def print_report(screen: Console, report: PromiseReport) -> None:
    """Print what the books say about the campaign."""
    table = Table(title="Promise report", title_justify="left", show_header=False, padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(justify="right")
    for label, value in as_table(report):
        table.add_row(label, value)
    screen.print()
    screen.print(table)
    for sentence in sentences(report):
        screen.print(f"  {sentence}", markup=False)
    screen.print()
