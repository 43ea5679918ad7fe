"""Tables and notes as HTML, for notebooks and the report. All text is escaped."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd

# JupyterLab makes all columns as wide and sets them to the right.
_IN_LAB = (
    "<style>.jp-OutputArea table.plain{table-layout:auto}"
    ".jp-OutputArea table.plain :is(td,th){text-align:left;vertical-align:top}</style>"
)


class Html:
    """HTML that Jupyter shows and the report takes over."""

    def __init__(self, markup: str) -> None:
        self.markup = markup

    def _repr_html_(self) -> str:
        return _IN_LAB + self.markup if "<table" in self.markup else self.markup


def table(frame: pd.DataFrame, most: int = 50) -> Html:
    """A frame as a plain table, its first `most` rows; says how many more there are."""
    headings = [str(name).replace("_", " ") for name in frame.columns]
    head = "".join(f"<th scope='col'>{escape(heading)}</th>" for heading in headings)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in frame.head(most).itertuples(index=False)
    )
    more = f"<p>and {len(frame) - most:,} more</p>" if len(frame) > most else ""
    return Html(
        f"<div class='scroll' tabindex='0'><table class='plain'><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return "–" if pd.isna(value) else f"{value:.2f}"
    return cell(value)


def note(text: str) -> Html:
    """One sentence in place of a figure that cannot be drawn."""
    return Html(f"<p class='note'>{escape(text)}</p>")


def cell(value: Any) -> str:
    """A value as text in a table, a missing one as a dash."""
    if isinstance(value, float | np.floating):
        number = float(value)
        return (
            "–" if np.isnan(number) else f"{number:.3g}" if abs(number) < 100 else f"{number:,.0f}"
        )
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return "–" if value is None or value is pd.NaT else str(value)
