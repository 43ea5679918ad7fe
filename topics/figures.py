"""Every chart of the notebooks as a plotly Figure, with its finding as title and a table twin.

``figure.layout.meta`` holds ``table``, the columns and rows that the figure shows: the report
prints it under the figure for readers who cannot see or hover.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from plotly.subplots import make_subplots

from topics import measures
from topics.analysis import Analysis

# Colours that stand out from white by 3:1 at least; the first five are Okabe and Ito's.
PALETTE = [
    "#0072B2", "#D55E00", "#008F68", "#B85C93", "#34495E", "#7A5195", "#8C564B", "#1B7F8C",
    "#B3002D", "#5F6B00", "#4C5A9E", "#A6611A",
]  # fmt: skip
SYMBOLS = ["circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down"]
QUIET = "#8A8A8A"
_HOVER_WORDS = 40
_TOP_SOURCES = 12
_SVG_LIMIT = 3000  # points; more are drawn by WebGL

pio.templates["topics"] = go.layout.Template(
    layout=go.Layout(
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#1d1d1f"},
        title={"font": {"size": 15}, "x": 0, "xref": "paper", "xanchor": "left"},
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


def theme_colours(analysis: Analysis) -> dict[str, str]:
    """One colour a theme, the same in every figure."""
    ids = analysis.themes["theme_id"]
    return {theme_id: PALETTE[i % len(PALETTE)] for i, theme_id in enumerate(ids)}


def theme_names(analysis: Analysis) -> dict[str, str]:
    """Name of each theme by id."""
    return dict(zip(analysis.themes["theme_id"], analysis.themes["name"], strict=True))


def _finish(figure: go.Figure, finding: str, table: pd.DataFrame, height: int) -> go.Figure:
    """Give a figure its finding, its table twin and the house style."""
    rows = [[cell(value) for value in row] for row in table.itertuples(index=False)]
    figure.update_layout(
        template="plotly_white+topics",
        title_text="<br>".join(textwrap.wrap(plain(finding), 95)),
        meta={"finding": finding, "table": {"columns": list(table.columns), "rows": rows}},
        height=height,
    )
    return figure


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


def percent(share: float) -> str:
    """A share as whole per cent, or as "less than 1%"."""
    return "less than 1%" if 0 < share < 0.005 else f"{share:.0%}"


def plural(n: int, noun: str) -> str:
    """A count with its noun: 1 passage, 2 passages, 3 countries."""
    many = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else many}"


def plain(text: str) -> str:
    """Text that plotly shows as it stands, though it reads some HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _label(text: str, most: int = 40) -> str:
    """A name short enough to stand beside a bar."""
    return plain(text if len(text) <= most else text[: most - 1] + "…")


def _bars(
    values: pd.Series, labels: Iterable[str], texts: Iterable[str], colours: str | list[str]
) -> go.Figure:
    """Horizontal bars from the top down, each with its text at its end."""
    figure = go.Figure(
        go.Bar(
            x=values, y=[_label(label) for label in labels], text=[*texts], orientation="h",
            marker_color=colours, textposition="outside", cliponaxis=False, hoverinfo="skip",
        )
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_xaxes(range=[0, 1.15 * max(values.max(), 1e-9)])
    return figure


def funnel(analysis: Analysis) -> go.Figure:
    """From files to passages with a theme: how much is left at each step, and why not more."""
    corpus, passages = analysis.corpus, analysis.passages
    read = corpus.documents["path"].nunique()
    unread = corpus.skipped[~corpus.skipped["file"].isin(corpus.documents["path"])]
    files = read + unread["file"].nunique()
    documents, independent = analysis.documents, measures.independent_documents(analysis)
    themed = analysis.assignments["passage_id"].nunique()
    languages = ", ".join(analysis.left_out["language"].value_counts().index[:3])
    steps = pd.DataFrame(
        [
            ("files found", files, ""),
            ("files read", read, _reasons(unread["reason"])),
            ("documents", len(corpus.documents), ""),
            ("in a language that is read", len(documents), f"in {languages}"),
            ("independent of others", len(independent), "near-copies, counted once"),
            ("passages", len(passages), ""),
            ("passages with a theme", themed, "nothing fits well enough"),
        ],
        columns=["step", "count", "why not more"],
    )
    lost = -steps["count"].diff().fillna(0).astype(int)
    steps.loc[(steps["why not more"] == "") | (lost <= 0), "why not more"] = "–"
    texts = [
        f"{row.count_:,}" + (f"  ({n:,} left out: {plain(row.why)})" if row.why != "–" else "")
        for row, n in zip(
            steps.set_axis(["step", "count_", "why"], axis=1).itertuples(), lost, strict=True
        )
    ]
    figure = _bars(steps["count"], steps["step"], texts, PALETTE[0])
    figure.update_xaxes(visible=False, range=[0, 1.9 * steps["count"].max()])
    finding = (
        f"{plural(len(documents), 'document')} in {plural(files, 'file')} gave "
        f"{plural(len(passages), 'passage')}; {percent(themed / len(passages))} carry a theme."
    )
    return _finish(figure, finding, steps, 330)


def _reasons(reasons: pd.Series, most: int = 2) -> str:
    """The most frequent reasons, without their details."""
    counts = reasons.str.split(r"[:;(]", regex=True).str[0].str.strip().value_counts()
    more = f" and {len(counts) - most} more reasons" if len(counts) > most else ""
    return ", ".join(counts.index[:most]) + more


def documents_over_time(analysis: Analysis) -> go.Figure | None:
    """Number of documents a period; None if no dates are known."""
    dates = analysis.documents["date"].dropna()
    if dates.empty:
        return None
    code = measures.choose_period(dates)
    periods = dates.dt.to_period(code)
    every = pd.period_range(periods.min(), periods.max())
    table = pd.DataFrame(
        {
            "period": [str(p) for p in every],
            "documents": periods.value_counts().reindex(every, fill_value=0).to_numpy(),
        }
    )
    figure = go.Figure(
        go.Bar(x=every.to_timestamp(), y=table["documents"], marker_color=PALETTE[0])
    )
    figure.update_yaxes(title=f"documents a {measures.PERIODS[code]}", rangemode="tozero")
    busiest = table.loc[table["documents"].idxmax()]
    finding = (
        f"Documents run from {dates.min():%d %B %Y} to {dates.max():%d %B %Y}; "
        f"most, {busiest['documents']}, fall in {busiest['period']}."
    )
    return _finish(figure, finding, table, 320)


def documents_by(analysis: Analysis, column: str) -> go.Figure | None:
    """Number of documents by source or country; None if it is not known."""
    counts = analysis.documents[column].dropna().value_counts()
    if counts.empty:
        return None
    shown = counts.head(_TOP_SOURCES)
    table = pd.DataFrame({column: shown.index, "documents": shown.to_numpy()})
    figure = _bars(table["documents"], table[column], table["documents"].astype(str), PALETTE[0])
    figure.update_xaxes(title="documents")
    unknown = len(analysis.documents) - int(counts.sum())
    finding = (
        f"{shown.index[0]} wrote {percent(shown.iloc[0] / counts.sum())} of the documents whose "
        f"{column} is known; {plural(len(counts), column)} in all"
        + (f", not known for {unknown}." if unknown else ".")
    )
    return _finish(figure, finding, table, 120 + 26 * len(table))


def coverage(analysis: Analysis, column: str) -> go.Figure | None:
    """Documents by source or country and period: who is there when; None if it is not known."""
    known = analysis.documents.dropna(subset=[column, "date"])
    if known.empty:
        return None
    code = measures.choose_period(known["date"])
    periods = known["date"].dt.to_period(code)
    counts = pd.crosstab(known[column], periods)
    counts = counts.reindex(columns=pd.period_range(periods.min(), periods.max()), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    throughout = int((counts > 0).all(axis=1).sum())
    counts = counts.head(_TOP_SOURCES).set_axis(counts.columns.astype(str), axis=1)
    finding = (
        f"{throughout} of {plural(known[column].nunique(), column)} wrote in every "
        f"{measures.PERIODS[code]}; where one comes or goes, a theme may seem to."
    )
    return _counts(counts, finding, measures.PERIODS[code])


def copies_by_source(analysis: Analysis) -> go.Figure | None:
    """Who copies whom: near-copies by the source that has them and that of the earliest text."""
    found = measures.copies(analysis).dropna(subset=["source", "source_of_original"])
    if found.empty:
        return None
    counts = pd.crosstab(found["source"], found["source_of_original"])
    copier, original = counts.stack().idxmax()
    most = counts.loc[copier, original]
    finding = (
        f"{plural(len(found), 'near-copy')}; most often {copier} repeats "
        f"{'itself' if copier == original else original} ({most})."
    )
    return _counts(counts, finding, "repeats a text of")


def _counts(counts: pd.DataFrame, finding: str, across: str) -> go.Figure:
    """A table of counts as a heat map with its numbers."""
    figure = go.Figure(
        go.Heatmap(
            z=counts.to_numpy(), x=[_label(str(name)) for name in counts.columns],
            y=[_label(str(name)) for name in counts.index], xgap=2, ygap=2, showscale=False,
            text=counts.replace(0, "").astype(str), texttemplate="%{text}", hoverinfo="skip",
            colorscale=[[0, "#f5f7f9"], [1, "#7fb3d8"]],
        )
    )  # fmt: skip
    figure.update_xaxes(title=across, type="category", showgrid=False)
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    table = counts.rename_axis(None, axis=1).reset_index()
    return _finish(figure, finding, table, 150 + 28 * len(counts))


def theme_map(analysis: Analysis) -> go.Figure:
    """Every passage a point; each theme a colour, a symbol and a name beside its middle."""
    primary = analysis.model.primary_.to_numpy()
    colours, names = theme_colours(analysis), theme_names(analysis)
    x, y = analysis.layout.T
    scatter = go.Scatter if len(x) <= _SVG_LIMIT else go.Scattergl
    hover = [_hover(row) for row in analysis.passages.itertuples()]
    figure = go.Figure()
    table, labels = [], []
    order: list[tuple[str | None, str, str, str]] = [(None, "no theme", QUIET, "circle-open")]
    order += [
        (theme_id, names[theme_id], colours[theme_id], SYMBOLS[i % len(SYMBOLS)])
        for i, theme_id in enumerate(names)
    ]
    for theme_id, name, colour, symbol in order:
        own = pd.isna(primary) if theme_id is None else primary == theme_id
        table.append((name, int(own.sum())))
        if not own.any():
            continue
        figure.add_trace(
            scatter(
                x=x[own],
                y=y[own],
                mode="markers",
                name=f"{_label(name)} ({own.sum()})",
                text=[hover[i] for i in np.flatnonzero(own)],
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": colour,
                    "symbol": symbol,
                    "size": 6 if theme_id else 5,
                    "opacity": 0.8 if theme_id else 0.45,
                },
            )
        )
        if theme_id is not None:
            labels.append(
                (float(np.median(x[own])), float(np.median(y[own])), _label(name, 34), colour)
            )
    for left, low, name, colour in _spread(labels, float(np.ptp(y)) or 1.0):
        figure.add_annotation(
            x=left, y=low, text=f"<b>{name}</b>", showarrow=False,
            font={"color": colour, "size": 12}, bgcolor="rgba(255,255,255,0.82)", borderpad=1,
        )  # fmt: skip
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(legend={"orientation": "h", "y": -0.02, "itemsizing": "constant"})
    counts = pd.DataFrame(table, columns=["theme", "passages"])
    themed = counts[counts["theme"] != "no theme"].sort_values("passages", ascending=False)
    without = int(counts["passages"].iloc[0])
    finding = (
        f"Each passage is drawn in its strongest theme; the largest is {themed['theme'].iloc[0]} ({plural(int(themed['passages'].iloc[0]), 'passage')}); "
        f"{percent(without / len(x))} of all {plural(len(x), 'passage')} carry no theme."
        if len(themed)
        else f"No theme was found in {plural(len(x), 'passage')}."
    )
    return _finish(figure, finding, counts, 720)


def _hover(passage: Any) -> str:
    """Hover text of a passage; plotly shows a few HTML tags, so marks of HTML are taken out."""
    words = passage.text.split()
    text = " ".join(words[:_HOVER_WORDS]) + (" …" if len(words) > _HOVER_WORDS else "")
    parts = [str(v) for v in (passage.source, passage.title) if isinstance(v, str)]
    if not pd.isna(passage.date):
        parts.insert(0, f"{passage.date:%Y-%m-%d}")
    lines = textwrap.wrap(plain(text), 70)
    return (
        "<br>".join([f"<b>{plain(' · '.join(parts))}</b>", *lines]) if parts else "<br>".join(lines)
    )


def _spread(
    labels: list[tuple[float, float, str, str]], height: float
) -> list[tuple[float, float, str, str]]:
    """Move labels up where they would cover one that is placed already."""
    # The map is about 600 pixels high and keeps its proportions; a letter is 7 wide, a line 20.
    placed: list[tuple[float, float, str, str]] = []
    step, letter = 20 / 600 * height, 7.2 / 600 * height
    for x, y, name, colour in sorted(labels, key=lambda label: (label[1], label[0])):
        while any(
            abs(y - v) < step and abs(x - u) < letter * (len(name) + len(other)) / 2
            for u, v, other, _ in placed
        ):
            y += step / 2
        placed.append((x, y, name, colour))
    return placed


def theme_sizes(analysis: Analysis) -> go.Figure:
    """Passages and independent documents a theme."""
    colours = theme_colours(analysis)
    sizes = measures.trust(analysis).merge(
        analysis.themes[["theme_id", "name", "kind", "n_passages"]], on="theme_id"
    )
    table = sizes[["name", "kind", "n_passages", "documents", "independent"]]
    texts = [f"{p} in {d}" for p, d in sizes[["n_passages", "documents"]].itertuples(index=False)]
    shades = [colours[theme_id] for theme_id in sizes["theme_id"]]
    figure = _bars(sizes["n_passages"], sizes["name"], texts, shades)
    figure.update_xaxes(title="passages in documents")
    n_named = int((sizes["kind"] == "named").sum())
    empty = sizes.loc[sizes["n_passages"] == 0, "name"].tolist()
    finding = (
        f"{plural(len(sizes), 'theme')}: {n_named} named, {len(sizes) - n_named} discovered"
        + (f"; not found in this corpus: {', '.join(empty)}." if empty else ".")
    )
    return _finish(figure, finding, table, 130 + 28 * len(sizes))


def hierarchy(analysis: Analysis) -> go.Figure | None:
    """Which discovered themes belong together one level up; None where there is one level."""
    themes = analysis.themes
    if themes["parent"].isna().all():
        return None
    names, colours = theme_names(analysis), theme_colours(analysis)
    family = themes["parent"].where(~themes["theme_id"].isin(themes["parent"]), themes["theme_id"])
    heads = family.dropna().unique()
    figure = go.Figure(
        go.Treemap(
            ids=[*(f"family:{head}" for head in heads), *themes["theme_id"]],
            labels=[*(f"{_label(names[h])} and near" for h in heads), *map(_label, themes["name"])],
            parents=[*("" for _ in heads), *(f"family:{f}" if f == f else "" for f in family)],
            values=[*(0 for _ in heads), *themes["n_passages"]],
            marker={"colors": [*("#f0f0f3" for _ in heads), *colours.values()]},
            branchvalues="remainder", textinfo="label+value", hoverinfo="label+value",
            tiling={"pad": 3},
        )
    )  # fmt: skip
    figure.update_layout(margin={"l": 10, "r": 10, "b": 10})
    finding = (
        f"One level up, {plural(int(family.notna().sum()), 'discovered theme')} "
        f"form {plural(len(heads), 'family')}."
    )
    table = themes.assign(family=family.map(names))[["name", "family", "n_passages"]]
    return _finish(figure, finding, table, 420)


def named_evidence(analysis: Analysis) -> go.Figure | None:
    """Scores of all passages for each named theme, and the bar; None without named themes."""
    named = analysis.model.named
    if not named:
        return None
    scores = analysis.model.decision_function(analysis.vectors)
    bars, colours = analysis.model.thresholds_, theme_colours(analysis)
    figure = make_subplots(rows=len(named), cols=1, shared_xaxes=True, vertical_spacing=0.06,
                           subplot_titles=[plain(theme.name) for theme in named])  # fmt: skip
    rows = []
    for i, theme in enumerate(named, 1):
        column = scores[theme.id]
        counts, edges = np.histogram(
            column, bins=np.arange(np.floor(column.min() * 20), column.max() * 20 + 1) / 20
        )
        n = int((analysis.assignments["theme_id"] == theme.id).sum())
        figure.add_trace(
            go.Bar(x=(edges[:-1] + edges[1:]) / 2, y=counts, width=np.diff(edges),
                   marker_color=colours[theme.id], showlegend=False, name=theme.name),
            row=i, col=1,
        )  # fmt: skip
        figure.add_vline(x=bars[theme.id], line_dash="dash", row=i, col=1)
        rows.append((theme.name, float(bars[theme.id]), float(column.max()), n))
    figure.update_yaxes(title="passages", type="log", dtick=1)
    figure.update_xaxes(title="score", row=len(named), col=1)
    found = [f"{name} {n}" for name, _, _, n in rows]
    finding = f"Passages that carry each named theme: {', '.join(found)}. Dashed: the bar, set from this corpus."
    table = pd.DataFrame(rows, columns=["theme", "bar", "highest score", "passages"])
    return _finish(figure, finding, table, 130 + 150 * len(named))


def trends(analysis: Analysis, shares: pd.DataFrame) -> go.Figure | None:
    """Small multiples: share of documents a period with each theme, 95% Wilson intervals."""
    if shares.empty:
        return None
    names, colours = theme_names(analysis), theme_colours(analysis)
    ids = [i for i in names if shares.loc[shares["theme_id"] == i, "n"].sum()]
    if not ids:
        return None
    columns = 3
    n_rows = -(-len(ids) // columns)
    figure = make_subplots(rows=n_rows, cols=columns, shared_xaxes=True, shared_yaxes=True,
                           subplot_titles=[_label(names[i], 34) for i in ids],
                           vertical_spacing=0.28 / max(n_rows, 1), horizontal_spacing=0.04)  # fmt: skip
    for place, theme_id in enumerate(ids):
        own = shares[(shares["theme_id"] == theme_id) & (shares["of"] > 0)]
        where = {"row": place // columns + 1, "col": place % columns + 1}
        figure.add_trace(
            go.Scatter(x=[*own["period"], *own["period"][::-1]], y=[*own["high"], *own["low"][::-1]],
                       mode="lines", fill="toself", line_width=0, fillcolor=colours[theme_id], opacity=0.2,
                       hoverinfo="skip", showlegend=False),
            **where,
        )  # fmt: skip
        figure.add_trace(
            go.Scatter(x=own["period"], y=own["share"], mode="lines+markers", showlegend=False,
                       line_color=colours[theme_id], name=plain(names[theme_id]),
                       marker={"size": 6, "symbol": ["circle-open" if p else "circle" for p in own["partial"]]},
                       text=[f"{n} of {of}" for n, of in zip(own["n"], own["of"], strict=True)],
                       hovertemplate="%{x|%Y-%m-%d}: %{y:.0%} (%{text})<extra></extra>"),
            **where,
        )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(showticklabels=True, nticks=4)
    figure.update_annotations(font_size=12)
    table = shares[["period", "theme_id", "n", "of", "share", "low", "high"]]
    return _finish(figure, _trend_finding(analysis, shares), table, 150 + 170 * n_rows)


def _trend_finding(analysis: Analysis, shares: pd.DataFrame) -> str:
    names = theme_names(analysis)
    changes = measures.change(shares)
    if changes.empty:
        return "All dated documents fall into one period: no change can be measured."
    clear = changes[changes["clear"]].sort_values("difference", key=abs, ascending=False)
    if clear.empty:
        return (
            "No theme's share of documents changed clearly between the two halves of the time span."
        )
    parts = [
        f"{names[row.theme_id]} {'rose' if row.difference > 0 else 'fell'} from "
        f"{percent(row.before)} to {percent(row.after)}"
        for row in clear.head(3).itertuples()
    ]
    return f"Between the two halves of the time span, {'; '.join(parts)} of documents."


def theme_by(analysis: Analysis, column: str) -> go.Figure | None:
    """Share of each source's (or country's) documents that carry a theme; None if not known."""
    shares = measures.shares_by(analysis, column)
    if shares.empty:
        return None
    names = theme_names(analysis)
    kept = shares[column].drop_duplicates().head(_TOP_SOURCES)
    shares = shares[shares[column].isin(kept)]
    grid = shares.pivot(index="theme_id", columns=column, values="share").loc[list(names), kept]
    counts = shares.pivot(index="theme_id", columns=column, values="n").loc[list(names), kept]
    of = shares.drop_duplicates(column).set_index(column)["of"]
    figure = go.Figure(
        go.Heatmap(
            z=grid.to_numpy(),
            x=[f"{_label(name, 24)}<br>n={of[name]}" for name in grid.columns],
            y=[_label(names[i]) for i in grid.index],
            text=[[f"{v:.0%}" for v in row] for row in grid.to_numpy()],
            customdata=counts.to_numpy(),
            texttemplate="%{text}",
            hovertemplate="%{y}, %{x}: %{z:.0%} (%{customdata} documents)<extra></extra>",
            colorscale=[[0, "#ffffff"], [1, "#0072B2"]],
            zmin=0,
            showscale=False,
            xgap=2,
            ygap=2,
        )
    )
    figure.update_yaxes(autorange="reversed")
    finding = _contrast_finding(shares, column, names)
    table = shares.assign(theme=shares["theme_id"].map(names))
    return _finish(
        figure,
        finding,
        table[[column, "theme", "n", "of", "share", "low", "high"]],
        150 + 34 * len(names),
    )


def _contrast_finding(shares: pd.DataFrame, column: str, names: dict[str, str]) -> str:
    """The clearest difference between one group and all the others together."""
    best, text = 0.0, f"No {column} differs clearly from the others in any theme."
    n_tests = len(shares)
    totals = shares.groupby("theme_id")[["n", "of"]].sum()
    for row in shares.itertuples():
        n, of = totals.loc[row.theme_id, "n"] - row.n, totals.loc[row.theme_id, "of"] - row.of
        if not of:
            continue
        low, high = measures.difference_interval(int(n), int(of), row.n, row.of, 1 - 0.05 / n_tests)
        margin = max(low, -high)
        if margin > best:
            best = margin
            text = (
                f"{getattr(row, column)} differs most: {names[row.theme_id]} is in {percent(row.share)} "
                f"of its documents, and in {percent(n / of)} of the others'."
            )
    return text


def level_curve(analysis: Analysis) -> go.Figure:
    """Stability, persistence, separation and the score made of them at each level tried."""
    levels = analysis.model.levels_
    levels = levels[levels["n_clusters"] > 1] if len(levels) > 1 else levels
    chosen = analysis.model.levels_.query("chosen").iloc[0]
    figure = go.Figure()
    for column, colour, dash in (
        ("stability", PALETTE[0], "dot"),
        ("persistence", PALETTE[3], "dashdot"),
        ("separation", PALETTE[1], "dash"),
        ("score", PALETTE[4], "solid"),
    ):
        figure.add_trace(
            go.Scatter(
                x=levels["n_clusters"], y=levels[column], mode="lines+markers", name=column,
                line={"color": colour, "dash": dash},
                error_y={"array": levels["stability_error"]} if column == "stability" else None,
            )
        )  # fmt: skip
    figure.add_vline(x=chosen["n_clusters"], line_dash="dash", line_color=QUIET)
    figure.update_xaxes(title="number of clusters", type="log")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 1, "xanchor": "right"}
    )
    count = plural(int(chosen["n_clusters"]), "cluster")
    finding = f"{count}: no level separates better than chance would."
    if chosen["score"] > 0:
        finding = (
            f"{count}: the level with the best score, made of stability ({chosen['stability']:.2f}), "
            f"persistence ({chosen['persistence']:.2f}) and separation ({chosen['separation']:.2f})."
        )
    return _finish(figure, finding, levels, 380)


def stability_of_themes(analysis: Analysis) -> go.Figure | None:
    """How well each discovered theme comes back in refits; None where there are none."""
    table = analysis.themes.dropna(subset="stability")[["theme_id", "name", "stability"]]
    if table.empty:
        return None
    table = table.sort_values("stability", ascending=False, kind="stable")
    colours = theme_colours(analysis)
    shades = [colours[theme_id] for theme_id in table["theme_id"]]
    texts = [f"{value:.2f}" for value in table["stability"]]
    figure = _bars(table["stability"], table["name"], texts, shades)
    figure.update_xaxes(range=[0, 1.1], title="mean Jaccard index over 20 refits")
    fragile = table.loc[table["stability"] < 0.6, "name"].tolist()
    finding = (
        f"Fragile, seen in refits with less than 0.6 overlap: {', '.join(fragile)}."
        if fragile
        else f"Every discovered theme comes back in refits; the least stable, {table['name'].iloc[-1]}, with {table['stability'].iloc[-1]:.2f} overlap."
    )
    return _finish(figure, finding, table[["name", "stability"]], 120 + 28 * len(table))
