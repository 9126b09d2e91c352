"""A table as text: Markdown, LaTeX (booktabs), CSV, or rich's terminal tables. Text from records cannot break out of a cell."""

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from leaderboard.protocol import FAR, SOLVED
from leaderboard.tables.numbers import Cell, inline, mark, marked, written
from leaderboard.tables.table import REFERENCE, Table

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table as RichTable

_LATEX = {c: f"\\{c}" for c in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {"\\": r"\textbackslash{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}
_LATEX |= {"–": "--", "×": r"$\times$", "≥": r"$\geq$", "·": r"$\cdot$"}
_FORMULA = tuple("=+-@\t\n\u2212\uff0b\uff0d\uff1d\uff20")  # the last five: minus, and full-width + - = @

CAPTION = (
    "Cells: mean of the trained runs [95% bootstrap interval over seeds], and the gap to the measured reference weights in "
    "the same module. score: mean over tasks on a scale where the shortcut is 0 and the best reference of the task 1 [95% "
    "seed-stratified bootstrap]; rank: shared where scores agree to three digits [95% bootstrap]; optimality gap: mean of "
    "max(0, 1 − score) over runs; frontier: median [range] over runs of the longest length solved, 0 if none, ≥ if it is the "
    f"longest scored. solves, fits: runs with at least {SOLVED:.0%} of whole words right at {FAR} N, at the training length N; "
    f"settles: of whose answers at N as many stand at the depth of {FAR} N [95% Wilson]. shortcut: the best lookup table of a "
    "cell's neighbourhood, place and bag, fitted on training words. CPU-seconds: of training, mean over tasks. A "
    "failed or missing run counts as the shortcut. A bootstrap over few seeds is too narrow, and over one it has no width."
)


def to_markdown(table: Table) -> str:
    """A section: heading, pipe table, numbered footnotes; text cannot break out of its cell."""
    header = [table.corner, *table.columns]
    lines = [header, *([name, *map(inline, row)] for name, row in table.rows.items())]
    body = ["| " + " | ".join(map(_markdown, line)) + " |" for line in lines]
    body.insert(1, "|" + " --- |" * len(header))
    notes = [f"{mark(i)} {_markdown(note)}  " for i, note in enumerate(table.footnotes, 1)]
    return "\n".join([f"## {_markdown(table.title)}", "", *body, "", *notes]).rstrip() + "\n"


def to_heading(text: str) -> str:
    """The heading of several tables."""
    return f"# {_markdown(text)}\n"


def to_latex(table: Table, heading: str = "") -> str:
    """A `table*` that needs `booktabs` and no other package; the gap stands under the score, the heading in the caption."""
    # braces round a first cell: one that begins with [ or * would be taken as an argument of the \\ before it
    rows = [" & ".join([f"{{{_latex(name)}}}", *map(_latex_cell, row)]) + r" \\" for name, row in table.rows.items()]
    lines = [
        r"\begin{table*}\centering\scriptsize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{_latex('; '.join(filter(None, [table.title, heading])))}.}}",
        rf"\begin{{tabular}}{{l{'c' * len(table.columns)}}}",
        r"\toprule",
        " & ".join(map(_latex, [table.corner, *table.columns])) + r" \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par {_raised(i)} {_latex(note)}" for i, note in enumerate(table.footnotes, 1)),
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


def to_terminal(table: Table, width: int = 120, heading: str = "") -> "Group":
    """Rich tables at most `width` characters wide, the gap under the score; tasks that do not fit go to the next.

    Names take at most half of the width; longer ones are folded.
    """
    from rich.cells import cell_len
    from rich.console import Group
    from rich.text import Text

    names = min(max(map(cell_len, [table.corner, *table.rows])), width // 2)
    room = width - names - 4
    blocks: list[list[list[str]]] = [[]]
    used = 0
    for number, name in enumerate(table.columns):
        texts = [_header(name), *(_two_lines(row[number]) for row in table.rows.values())]
        wide = 2 + max(cell_len(line) for text in texts for line in text.split("\n"))
        if blocks[-1] and used + wide > room:
            blocks.append([])
            used = 0
        blocks[-1].append(texts)
        used += wide
    notes = [Text(f"{mark(i)} {note}", style="dim") for i, note in enumerate(table.footnotes, 1)]
    title = "\n".join(filter(None, [table.title, heading]))
    return Group(Text(title, style="bold"), *(_block(table, block, names) for block in blocks), *notes, Text())


def _block(table: Table, columns: list[list[str]], names: int) -> "RichTable":
    """Some columns of a table, each a header and a text a row."""
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    block = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1), header_style="bold", collapse_padding=True)
    block.add_column(table.corner, max_width=names + 1, overflow="fold")
    for header, *_ in columns:
        block.add_column(Text(header), justify="right", overflow="fold")
    for number, name in enumerate(table.rows, 1):
        block.add_row(Text(name), *(Text(texts[number]) for texts in columns), style="green" * (name == REFERENCE))
    return block


def _header(task: str) -> str:
    return task.replace("(", "\n(", 1).replace(", ", ",\n")


def _two_lines(cell: Cell) -> str:
    """The gap stands under the score."""
    gap = f"\ngap {written(cell).gap}" if cell.gap is not None else ""
    return inline(cell._replace(gap=None, marks=())) + gap + marked(cell)


def _markdown(text: str) -> str:
    return re.sub(r"([\\|*_`<>&#]|(?<=\])\()", r"\\\1", text)


def _latex_cell(cell: Cell) -> str:
    score, marks = _latex(inline(cell._replace(gap=None, marks=()))), "".join(map(_raised, cell.marks))
    if cell.gap is None:
        return score + marks
    return rf"\shortstack{{{score}\\gap {_latex(written(cell).gap)}{marks}}}"


def _raised(footnote: int) -> str:
    return rf"\textsuperscript{{({footnote})}}"


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
