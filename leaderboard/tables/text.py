"""A table as text: Markdown, LaTeX (booktabs), CSV, or rich's terminal tables. Text from records cannot break out of a cell."""

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from leaderboard.protocol import SOLVED
from leaderboard.tables.table import Table, mark

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table as RichTable

_PLAIN = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾", "0123456789()")
_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {"\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
_LATEX |= {"–": "--", "×": r"$\times$", "≥": r"$\geq$", "·": r"$\cdot$"}
_FORMULA = tuple("=+-@\t\n\u2212\uff0b\uff0d\uff1d\uff20")  # the last five: minus, and full-width + - = @

CAPTION = (
    "Cells: mean of the trained runs [95% bootstrap interval over seeds], and the gap to the measured reference weights in "
    "the same module. score: mean over tasks on a scale where chance is 0 and the best reference of the task 1 [95% "
    "seed-stratified bootstrap]; rank: shared where scores agree to three digits [95% bootstrap]; optimality gap: mean of "
    "max(0, 1 − score) over runs; frontier: median [range] over runs of the longest length solved, 0 if none, ≥ if it is the "
    f"longest scored. solved: runs with at least {SOLVED:.0%} of whole words right at the training length [95% Wilson]. A "
    "failed or missing run counts as chance. A bootstrap over few seeds is too narrow, and over one it has no width."
)


def to_markdown(table: Table) -> str:
    """A section: heading, pipe table, numbered footnotes; text cannot break out of its cell."""
    header, rows = [str(table.cells.index.name), *table.cells.columns], _lines(table)
    body = ["| " + " | ".join(map(_markdown, line)) + " |" for line in [header, *rows]]
    body.insert(1, "|" + " --- |" * len(header))
    notes = [f"{mark(i)} {_markdown(note)}  " for i, note in enumerate(table.footnotes, 1)]
    return "\n".join([f"## {_markdown(table.title)}", "", *body, "", *notes]).rstrip() + "\n"


def to_latex(table: Table) -> str:
    """A `table*` that needs `booktabs` and no other package; the gap stands under the score."""
    # braces round a first cell: one that begins with [ or * would be taken as an argument of the \\ before it
    rows = [" & ".join([f"{{{_latex(name)}}}", *map(_latex_cell, row)]) + r" \\" for name, *row in _lines(table)]
    lines = [
        r"\begin{table*}\centering\scriptsize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{_latex(table.title)}.}}",
        rf"\begin{{tabular}}{{l{'c' * len(table.cells.columns)}}}",
        r"\toprule",
        " & ".join([_latex(str(table.cells.index.name)), *map(_latex, table.cells.columns)]) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par {_latex(f'{mark(i)} {note}')}" for i, note in enumerate(table.footnotes, 1)),
        r"\end{table*}",
    ]
    return "\n".join(lines) + "\n"


def inert(tidy: pd.DataFrame) -> str:
    """A frame as CSV. Text that a spreadsheet would run as a formula begins with ', in the header too."""

    def quoted(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        cell = cell.replace("\r", "\n")  # which makes pandas put the cell into quotes, as a lone \r does not
        return f"'{cell}" if cell.startswith(_FORMULA) else cell

    safe = {
        name: pd.Series([quoted(cell) for cell in tidy[name].tolist()], dtype=object)
        for name in tidy.columns
        if tidy[name].dtype.kind not in "bif"
    }
    return tidy.assign(**safe).rename(columns=quoted).to_csv(index=False, lineterminator="\n")


def to_terminal(table: Table, width: int = 120) -> "Group":
    """Rich tables at most `width` characters wide, the gap under the score; tasks that do not fit go to the next.

    Names take at most half of the width; longer ones are folded.
    """
    from rich.cells import cell_len
    from rich.console import Group
    from rich.text import Text

    names = min(max(map(cell_len, [str(table.cells.index.name), *table.cells.index])), width // 2)
    room = width - names - 4
    blocks: list[list[str]] = [[]]
    used = 0
    for name in table.cells.columns:
        texts = [_header(name), *map(_two_lines, table.cells[name])]
        wide = 2 + max(cell_len(line) for text in texts for line in text.split("\n"))
        if blocks[-1] and used + wide > room:
            blocks.append([])
            used = 0
        blocks[-1].append(name)
        used += wide
    notes = [Text(f"{mark(i)} {note}", style="dim") for i, note in enumerate(table.footnotes, 1)]
    return Group(Text(table.title, style="bold"), *(_block(table.cells[block], names) for block in blocks), *notes, Text())


def _block(cells: pd.DataFrame, names: int) -> "RichTable":
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    block = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), header_style="bold", collapse_padding=True)
    block.add_column(str(cells.index.name), max_width=names + 1, overflow="fold")
    for name in cells.columns:
        block.add_column(Text(_header(name)), justify="right", overflow="fold")
    for name, *row in zip(cells.index, *(cells[column] for column in cells.columns), strict=True):
        block.add_row(Text(name), *(Text(_two_lines(text)) for text in row), style="green" * (name == "reference"))
    return block


def _lines(table: Table) -> list[list[str]]:
    return [[str(name), *row] for name, row in zip(table.cells.index, table.cells.to_numpy().tolist(), strict=True)]


def _header(task: str) -> str:
    return task.replace("(", "\n(", 1).replace(", ", ",\n")


def _two_lines(cell: str) -> str:
    return cell.replace(" gap ", "\ngap ")


def _markdown(text: str) -> str:
    return re.sub(r"([\\|*_`<>&#]|(?<=\])\()", r"\\\1", text)


def _latex_cell(text: str) -> str:
    score, *gap = text.split(" gap ")
    return rf"\shortstack{{{_latex(score)}\\gap {_latex(gap[0])}}}" if gap else _latex(score)


def _latex(text: str) -> str:
    text = "".join(_LATEX.get(character, character) for character in text)
    return re.sub("⁽[⁰¹²³⁴⁵⁶⁷⁸⁹]+⁾", lambda found: rf"\textsuperscript{{{found[0].translate(_PLAIN)}}}", text)
