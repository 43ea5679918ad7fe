"""The house style: colours of themes, how counts, shares and dates are written, how figures end.

``figure.layout.meta`` holds the figure's ``finding``, see `topics.html.Finding`, and its
``table``, the columns and rows that it shows, for readers who cannot see or hover.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from topics.html import Finding, cell
from topics.measures.shares import DocumentThemes, choose_period

if TYPE_CHECKING:
    from topics.run import Run

# Text in each stands out by 4.5:1, from white and, turned by page.js, from a dark page.
PALETTE = [
    "#0072B2", "#B85000", "#007F5C", "#A04A7E", "#34495E", "#7A5195", "#8C564B", "#1B7F8C",
    "#B3002D", "#5F6B00", "#4C5A9E", "#A6611A", "#4B1D9E", "#3F7D20", "#C2185B", "#0E6BA8",
    "#7C2D12", "#475569", "#A21CAF", "#937000",
]  # fmt: skip
QUIET = "#6B6B6B"
MAX_LISTED = 3  # themes or changes in a sentence
MAX_GROUPS = 12  # sources or countries in a figure
_MAX_TITLE = 80  # letters in a line of a title, so that it ends before plotly's buttons
_TITLE_LINE = 20  # pixels
_TEMPLATE = go.layout.Template(
    layout=go.Layout(
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1d1d1f"},
        title={"font_size": 15, "x": 0, "y": 1, "yanchor": "top", "pad": {"l": 8, "t": 16}},
        colorway=PALETTE,
        showlegend=False,
        margin={"l": 60, "r": 20, "t": 60, "b": 50},
        modebar={"remove": ["sendChartToCloud"]},  # nothing is uploaded, not even by mistake
    )
)
# Merged once, since plotly would merge them for each figure anew.
pio.templates["topics"] = pio.templates.merge_templates("plotly_white", _TEMPLATE)


def theme_colours(run: Run) -> dict[str, str]:
    """One colour a theme by id, the same in every figure."""
    ids = run.themes["theme_id"]
    return {theme_id: PALETTE[i % len(PALETTE)] for i, theme_id in enumerate(ids)}


def theme_names(run: Run) -> dict[str, str]:
    """Name of each theme by id."""
    return dict(zip(run.themes["theme_id"], run.themes["name"], strict=True))


def with_names(run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    """A frame with names of themes in place of their ids, in its first column."""
    names = frame["theme_id"].map(theme_names(run))
    named = frame.drop(columns="theme_id")
    named.insert(0, "theme", names)
    return named


def percent(share: float) -> str:
    """A share in whole per cent.

    >>> percent(0.126), percent(0.001), percent(0.999), percent(0)
    ('13%', 'less than 1%', 'more than 99%', '0%')
    """
    edge = "less than 1%" if 0 < share < 0.005 else "more than 99%" if 0.995 <= share < 1 else ""
    return edge or f"{share:.0%}"


def day(date: pd.Timestamp) -> str:
    """A date in words.

    >>> day(pd.Timestamp("2024-11-04"))
    '4 November 2024'
    """
    return f"{date.day} {date:%B %Y}"


def when(run: Run, date: pd.Timestamp) -> str:
    """A date in words, or the month that begins with it, or the year if the run is told by years."""
    if date.dayofyear == 1 and choose_period(dated_documents(run)["date"]) == "Y":
        return str(date.year)
    return f"{date:%B %Y}" if date.day == 1 else day(date)


@lru_cache(maxsize=1)
def dated_documents(run: Run) -> pd.DataFrame:
    """The documents that tests over time count."""
    return DocumentThemes.from_run(run).dated.documents


def plural(n: int, noun: str) -> str:
    """A count with its noun.

    >>> plural(1, "passage"), plural(2000, "passage"), plural(3, "country")
    ('1 passage', '2,000 passages', '3 countries')
    """
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else many}"


def claim(claims: Sequence[Finding], kind: str, otherwise: str) -> Finding:
    """The weightiest claims, those to beware of last, or the sentence for where there is none.

    >>> ferries, grain = Finding("Ferries rose.", "trend"), Finding("Grain fell.", "trend")
    >>> claim([ferries, grain], "trend", "Nothing changed.").text
    'Ferries rose. Grain fell.'
    """
    if not claims:
        return Finding(otherwise, kind, "none")
    told = sorted(claims, key=lambda claim: (claim.level == "caution", -claim.weight))
    more = [f"And {len(told) - MAX_LISTED} more."] if len(told) > MAX_LISTED else []
    text = " ".join([claim.text for claim in told[:MAX_LISTED]] + more)
    themes = [theme for claim in told[:MAX_LISTED] for theme in claim.themes]
    return Finding(text, kind, told[0].level, themes, claims=told)


def plain(text: str) -> str:
    """Text that plotly shows as it is, though it reads some HTML.

    >>> plain("R&D <b>")
    'R&amp;D &lt;b&gt;'
    """
    return escape(text, quote=False)


def label(text: str, max_letters: int = 40) -> str:
    """A name short enough to stand beside a bar.

    >>> label("Export controls", 10)
    'Export co…'
    """
    return plain(text if len(text) <= max_letters else text[: max_letters - 1] + "…")


def search_state(since: Any = None, until: Any = None, **fields: Any) -> str:
    """Address on the report's page of the passages that fit, from one day to another.

    >>> search_state(until=pd.Timestamp("2024-11-04"), theme="ferries", source="Gull & Heron")
    '#theme=ferries&source=Gull+%26+Heron&to=2024-11-04'
    """
    days = {"from": since, "to": until}
    known = {name: f"{day:%Y-%m-%d}" for name, day in days.items() if not pd.isna(day)}
    return "#" + urlencode(fields | known)


def origin(passage: Any) -> str:
    """Date, source and title of a passage, as far as they are known."""
    date = "" if pd.isna(passage.date) else f"{passage.date:%Y-%m-%d}"
    about = [part for part in (passage.source, passage.title) if isinstance(part, str)]
    return " · ".join(filter(None, [date, *about]))


def finish(
    figure: go.Figure, finding: Finding, table: pd.DataFrame, height: int, **layout: Any
) -> go.Figure:
    """The figure in the house style, with its finding as title, its table twin and its layout."""
    rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = textwrap.wrap(plain(finding.text), _MAX_TITLE)
    figure.update_layout(
        template="topics",
        title_text="<br>".join(lines),
        margin_t=50 + _TITLE_LINE * len(lines),
        meta={"finding": asdict(finding), "table": {"columns": list(table.columns), "rows": rows}},
        height=height + _TITLE_LINE * (len(lines) - 1),
    )
    return figure.update_layout(layout)


def nothing_to_show(text: str, kind: str) -> go.Figure:
    """A figure without a drawing, whose finding says why."""
    finding, hidden = Finding(text, kind, "none"), {"xaxis_visible": False, "yaxis_visible": False}
    return finish(go.Figure(), finding, pd.DataFrame(), 120, **hidden)


def heat_map(
    values: pd.DataFrame, form: Callable, finding: Finding, table: pd.DataFrame,
    states: Sequence[Sequence[str]] = (), **xaxis: Any,
) -> go.Figure:  # fmt: skip
    """A table of numbers as coloured cells, each with the text that `form` gives it.

    `states` are the addresses of the passages that cells stand for, see `search_state`.
    """
    cells = go.Heatmap(z=values.to_numpy(), x=[*values.columns], y=values.index.map(plain),
                       text=values.map(form), texttemplate="%{text}", hoverinfo="none", customdata=states,
                       xgap=2, ygap=2, zmin=0, showscale=False,
                       colorscale=[[0, "#f5f7f9"], [1, "#7fb3d8"]])  # fmt: skip
    xaxis = {"type": "category", "showgrid": False} | xaxis
    room = 6 * max(len(part) for name in values for part in str(name).split("<br>"))  # upright
    return in_rows(
        go.Figure(cells), values.index, finding, table, room, xaxis=xaxis, yaxis_showgrid=False
    )


def in_rows(
    figure: go.Figure, names: Sequence[str], finding: Finding, table: pd.DataFrame, room: int = 0,
    **layout: Any,
) -> go.Figure:  # fmt: skip
    """A figure of rows from the top down, finished, as high as they and `room` below them need.

    Rows are told by their whole `names`, since two may be cut to the same.
    """
    shown = {plain(name): label(name) for name in names}
    figure.update_yaxes(
        autorange="reversed", type="category", dtick=1, ticklabelstandoff=6, labelalias=shown
    )
    return finish(figure, finding, table, 130 + 24 * len(names) + room, **layout)
