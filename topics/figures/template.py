"""The house style of figures: a template, a finding as title, a table twin.

``figure.layout.meta`` holds ``table``, the columns and rows that the figure shows: the report
prints it under the figure for readers who cannot see or hover.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio

from topics.figures.format import PALETTE, plain
from topics.html import cell

SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down"]
TOP_SOURCES = 12
_TITLE_LETTERS = 80  # in a line of a title, so that it ends before plotly's buttons
_TITLE_LINE = 20  # pixels

_TEMPLATE = go.layout.Template(
    layout=go.Layout(
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1d1d1f"},
        title={
            "font": {"size": 15},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"l": 8, "t": 8},
        },
        colorway=PALETTE,
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 60, "r": 20, "t": 60, "b": 50},
        xaxis={"gridcolor": "#e8e8ec", "zerolinecolor": "#c8c8cc", "automargin": True},
        yaxis={"gridcolor": "#e8e8ec", "zerolinecolor": "#c8c8cc", "automargin": True},
        hoverlabel={"align": "left"},
        modebar={"remove": ["sendChartToCloud"]},  # nothing is uploaded, not by mistake either
    )
)
# Merged once, since plotly would merge them for each figure anew.
pio.templates["topics"] = pio.templates.merge_templates("plotly_white", _TEMPLATE)


def finish(figure: go.Figure, finding: str, table: pd.DataFrame, height: int) -> go.Figure:
    """Give a figure its finding, its table twin and the house style."""
    rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
    lines = textwrap.wrap(plain(finding), _TITLE_LETTERS)
    figure.update_layout(
        template="topics",
        title_text="<br>".join(lines),
        margin_t=50 + _TITLE_LINE * len(lines),
        meta={"finding": finding, "table": {"columns": list(table.columns), "rows": rows}},
        height=height + _TITLE_LINE * (len(lines) - 1),
    )
    return figure


def label(text: str, most: int = 40) -> str:
    """A name short enough to stand beside a bar."""
    return plain(text if len(text) <= most else text[: most - 1] + "…")


def bars(
    values: pd.Series, labels: Iterable[str], texts: Iterable[str], colours: str | list[str]
) -> go.Figure:
    """Horizontal bars from the top down, each with its text at its end."""
    figure = go.Figure(
        go.Bar(
            x=values, y=[label(name) for name in labels], text=[*texts], orientation="h",
            marker_color=colours, textposition="outside", cliponaxis=False, hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(range=[0, 1.15 * max(values.max(), 1e-9)])
    return figure


def heat_map(
    values: pd.DataFrame, texts: pd.DataFrame, finding: str, table: pd.DataFrame, across: str = ""
) -> go.Figure:
    """A table as coloured cells with their texts, its first row on top."""
    figure = go.Figure(
        go.Heatmap(
            z=values.to_numpy(), x=[str(name) for name in values.columns],
            y=[label(str(name)) for name in values.index], xgap=2, ygap=2, showscale=False,
            text=texts.to_numpy(), texttemplate="%{text}", hoverinfo="skip", zmin=0,
            colorscale=[[0, "#f5f7f9"], [1, "#7fb3d8"]],
        )
    )  # fmt: skip
    figure.update_xaxes(title=across, type="category", showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    return finish(figure, finding, table, 150 + 28 * len(values))


def counts_map(counts: pd.DataFrame, finding: str, across: str) -> go.Figure:
    """A table of counts as a heat map."""
    table = counts.rename_axis(None, axis=1).reset_index()
    counts = counts.set_axis([label(str(name)) for name in counts.columns], axis=1)
    return heat_map(counts, counts.replace(0, "").astype(str), finding, table, across)
