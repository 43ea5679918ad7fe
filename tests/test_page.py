"""The report in a browser: passages filtered, searched and linked, the map with them, for all."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from dataclasses import replace
from importlib.resources import files
from io import BytesIO
from unicodedata import normalize

import numpy as np
import pandas as pd
import plotly.io as pio
import pytest
from browser import chromium, drawn, prefer, resize, sample_report
from pypdf import PdfReader
from runs import PORT, run_on, run_with
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from topics import figures
from topics.html import table
from topics.report.notebooks import Cell
from topics.report.page import PLOTLY, as_page, packed, passage_search

AXE = (files("axe_core_python") / "axe.min.js").read_text()
# What plotly draws is hidden from readers of the page's structure; the tables stand for it.
RUN_AXE = (
    "axe.run({exclude: [['.svg-container']]}, {resultTypes: ['violations']})"
    ".then(found => arguments[arguments.length - 1]("
    "found.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])))"
)


@pytest.fixture(scope="module")
def opened():
    with chromium() as driver:
        drawn(driver, (sample_report() / "report.html").as_uri())
        yield driver


@pytest.fixture
def page(opened):
    """The report of the sample, with nothing chosen."""
    opened.execute_script("document.querySelector('#choose [type=reset]').click()")
    opened.execute_script("location.hash = 'explore'")
    WebDriverWait(opened, 10).until(lambda d: count(d) == ALL)
    return opened


@pytest.fixture(scope="module")
def passages():
    return pd.read_parquet(sample_report() / "passages.parquet")


ALL = "928 of 928 passages, in 244 documents (230 independent)"


def count(driver):
    return driver.find_element(By.ID, "count").text


def told(passages):
    """What the page says of how many passages it found."""
    return f"{len(passages)} of 928 passages, in {passages['document_id'].nunique()} documents ("


def enter(driver, **choices):
    """Type what is expected into the form's fields; tick themes by their ids."""
    for theme in choices.pop("theme", []):
        click(driver, f"[name=theme][value='{theme}']")
    for field, value in choices.items():
        driver.find_element(By.NAME, field).send_keys(value)


def texts(driver, selector):
    return driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
    )


def click(driver, selector):
    """Click on what the bar of contents does not cover."""
    target = driver.find_element(By.CSS_SELECTOR, selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
    target.click()


def wait_for_focus(driver, element_id):
    """Wait until the element has the focus; asked in one step, as the page may replace it."""
    WebDriverWait(driver, 30).until(
        lambda d: d.execute_script("return document.activeElement?.id") == element_id
    )


def press(driver, *keys):
    driver.switch_to.active_element.send_keys(*keys)


def tab_to(driver, selector, max_presses=60):
    """Press Tab until an element that the selector describes has the focus."""
    for _ in range(max_presses):
        if driver.execute_script("return document.activeElement.matches(arguments[0])", selector):
            return
        press(driver, Keys.TAB)
    pytest.fail(f"{selector} is not reached with {max_presses} presses of Tab")


def passages_with(theme):
    assignments = pd.read_parquet(sample_report() / "assignments.parquet")
    return assignments.loc[assignments["theme_id"] == theme, "passage_id"]


def ask(driver, state):
    """Go to a state of the search by its address."""
    driver.execute_script("location.hash = arguments[0]", state)
    WebDriverWait(driver, 10).until(lambda d: count(d) != ALL)


CHOSEN = (
    "q=China&theme=export-controls&source=Washington+Desk&country=United+States"
    "&from=2024-12-09&to=2025-05-20"
)


def test_an_address_restores_words_theme_source_country_and_days(page, passages):
    ask(page, CHOSEN)
    left = passages[
        passages["text"].str.contains("China", case=False)
        & passages["passage_id"].isin(passages_with("export-controls"))
        & (passages["source"] == "Washington Desk")
        & (passages["country"] == "United States")
        & passages["date"].between("2024-12-09", "2025-05-20")
    ]
    assert 0 < len(left) < 25
    assert count(page).startswith(told(left))
    assert texts(page, "#found blockquote > p") == left["text"].tolist()


def test_the_address_follows_what_is_chosen(page):
    enter(
        page,
        theme=["export-controls", "none"],
        source="Washington",
        country="United States",
        q="chip 5%",
    )
    expected = (
        "#q=chip+5%25&source=Washington+Desk&country=United+States&theme=export-controls&theme=none"
    )
    assert page.execute_script("return location.hash") == expected
    click(page, "#choose [type=reset]")
    WebDriverWait(page, 10).until(lambda d: d.execute_script("return location.hash") == "#explore")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("q=zebra-finch", ["No passage fits. Leave out a word or a filter."]),
        ("from=2025-05-02&to=2025-05-01", ["The first day is after the last, so no passage fits."]),
        ("q=dollar&theme=no-such", ["This report does not have: theme no-such."]),
        (
            "theme=no-such&q=zebra-finch",
            [
                "This report does not have: theme no-such. No passage fits. Leave out a word or a filter."
            ],
        ),
    ],
)
def test_what_cannot_be_found_is_told(page, state, said):
    ask(page, state)
    assert texts(page, "#advice:not([hidden])") == said


def test_each_number_of_the_table_of_themes_leads_to_as_many_documents(page):
    themes = pd.read_csv(sample_report() / "themes.csv").set_index("theme_id")["n_documents"]
    links = page.execute_script(
        "return [...document.querySelectorAll('.overview td:nth-child(2) a')]"
        ".map(a => [a.hash.replace('#theme=', ''), a.textContent])"
    )
    assert {theme: int(n) for theme, n in links} == themes.to_dict()
    for theme, n in links:
        ask(page, f"theme={theme}")
        assert f"passages, in {n} documents (" in count(page)
        page.execute_script("location.hash = 'q='")


def test_a_bar_leads_to_its_documents(page):
    page.execute_script(
        "const plot = [...document.querySelectorAll('.plot')].find(p => `${p.data[0].customdata?.[0]}`.startsWith('#source'));"
        "plot.emit('plotly_click', {points: [{customdata: plot.data[0].customdata[0]}]})"
    )
    WebDriverWait(page, 10).until(lambda d: count(d) != ALL)
    documents = pd.read_parquet(sample_report() / "documents.parquet")
    source, n = next(documents["source"].value_counts().items())
    assert page.execute_script("return location.hash") == f"#source={source.replace(' ', '+')}"
    assert f"in {n} documents (" in count(page)


def test_passages_of_several_themes_are_found_together(page, passages):
    enter(page, theme=["export-controls", "brexit-reset"])
    own = {*passages_with("export-controls"), *passages_with("brexit-reset")}
    assert count(page).startswith(told(passages[passages["passage_id"].isin(own)]))


def test_a_period_is_chosen_on_its_bar(page, passages):
    click(page, "#brush button:nth-child(3)")
    assert count(page).startswith(
        told(passages[passages["date"].dt.strftime("%Y-%m") == "2025-01"])
    )
    assert page.execute_script("return location.hash") == "#from=2025-01-01&to=2025-01-31"
    pressed = page.find_elements(By.CSS_SELECTOR, "#brush [aria-pressed=true]")
    assert [bar.get_attribute("data-from") for bar in pressed] == ["2025-01-01"]


def test_a_citation_names_source_day_title_place_and_link(page, passages):
    page.execute_script(
        "navigator.clipboard.writeText = async (text) => { window.copied = text; };"
        "location.hash = 'p-200'"
    )
    WebDriverWait(page, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#p-200 button"))
    click(page, "#p-200 button")
    own = passages.loc[199]
    assert page.execute_script("return window.copied").startswith(
        f"{own['source']}, {own['date']:%Y-%m-%d}, “{own['title']}”, {own['document_id']}, "
        f"characters {own['start']}–{own['end']}, "
    )


def test_passages_without_a_theme_can_be_chosen(page, passages):
    enter(page, theme=["none"])
    assignments = pd.read_parquet(sample_report() / "assignments.parquet")
    without = ~passages["passage_id"].isin(assignments["passage_id"])
    assert count(page).startswith(told(passages[without]))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("DOLLAR", ["dollar"]),
        ("dollar gold", ["dollar", "gold"]),
        ('"central bank"', ["central bank"]),
        ("per cent (", ["per", "cent", "("]),
        ("zebra-finch", ["zebra-finch"]),
    ],
)
def test_search_finds_and_marks_the_passages_with_all_words(page, passages, words, expected):
    enter(page, q=words)
    lower = passages["text"].str.lower()
    hits = pd.concat([lower.str.contains(w, regex=False) for w in expected], axis=1).all(axis=1)
    assert count(page).startswith(told(passages[hits]))
    marks = {mark.lower() for mark in texts(page, "#found mark")}
    assert marks == (set(expected) if hits.any() else set())


def test_the_counts_by_theme_are_those_of_the_passages_found(page, passages):
    enter(page, q="dollar")
    hits = passages.loc[passages["text"].str.contains("dollar", case=False), "passage_id"]
    rows = page.execute_script(
        "return [...document.querySelectorAll('#by-theme label')].map("
        "l => [l.querySelector('span').textContent, l.querySelector('b').textContent])"
    )
    themes = pd.read_csv(sample_report() / "themes.csv").sort_values(
        "n_passages", ascending=False, kind="stable"
    )
    expected = [
        [name, str(hits.isin(passages_with(theme)).sum())]
        for theme, name in themes[["theme_id", "name"]].itertuples(index=False)
    ]
    assert rows[:-1] == expected


def test_the_map_dims_what_is_not_found_and_a_click_on_it_opens_the_passage(page, passages):
    enter(page, q="dollar")
    n = passages["text"].str.contains("dollar", case=False).sum()
    plot = page.find_element(By.CSS_SELECTOR, "#explore .plot")
    selected = "return arguments[0].data.reduce((n, t) => n + (t.selectedpoints?.length ?? 0), 0)"
    assert page.execute_script(selected, plot) == n
    hover = page.execute_script(
        "const point = {curveNumber: 3, pointNumber: 5};"
        "arguments[0].emit('plotly_click', {points: [point]});"
        "return arguments[0].data[3].text[5]",
        plot,
    )
    WebDriverWait(page, 10).until(lambda d: d.find_element(By.ID, "pinned").is_displayed())
    assert texts(page, "#pinned bdi")[1] in hover
    assert " ".join(texts(page, "#pinned blockquote > p")[0].split()[:5]) in hover


def test_more_passages_come_when_asked_for(page):
    assert len(texts(page, "#found blockquote")) == 25
    page.find_element(By.ID, "more").click()
    assert len(texts(page, "#found blockquote")) == 50
    place = (
        "return [...document.querySelectorAll('#found blockquote')].indexOf(document.activeElement)"
    )
    assert page.execute_script(place) == 25


def test_the_keyboard_alone_leads_from_the_contents_to_a_passage(page, passages):
    page.execute_script("document.querySelector('header a').focus()")
    tab_to(page, "a[href='#explore']")
    press(page, Keys.ENTER)
    tab_to(page, "[name=q]")
    press(page, "renminbi", Keys.ENTER)
    first = passages.index[passages["text"].str.contains("renminbi", case=False)][0]
    tab_to(page, "#found blockquote a")
    press(page, Keys.ENTER)
    wait_for_focus(page, f"p-{first + 1}")


def test_a_link_to_a_passage_opens_the_report_at_it_in_its_document(passages):
    with chromium(390) as driver:
        driver.get((sample_report() / "report.html").as_uri() + "#p-200")
        wait_for_focus(driver, "p-200")
        quote = driver.switch_to.active_element
        assert passages["text"][199] in quote.get_attribute("textContent")
        place = f"{passages['document_id'][199]}, characters {passages['start'][199]}–"
        assert place in quote.get_attribute("textContent")
        top = driver.execute_script("return arguments[0].getBoundingClientRect().top", quote)
        assert 0 <= top < 200
        driver.find_element(By.CSS_SELECTOR, "#pinned summary").click()
        own = passages[passages["document_id"] == passages["document_id"][199]]
        shown = driver.find_element(By.CSS_SELECTOR, "#pinned details").get_attribute("textContent")
        assert [text for text in own["text"] if text not in shown] == []
        driver.find_element(By.LINK_TEXT, "passage 199").click()
        wait_for_focus(driver, "p-199")


FOREIGN = [
    "The “Café Óbidos” wasn’t open to dockers\nwho were on strike.",
    "東京の港では、ガントリークレーンの保守が続いた。港の荷役は三日間止まった。",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A report on two passages, without figures."""
    page = tmp_path_factory.mktemp("small") / "report.html"
    about = {
        "title": ["=1+1", 'The "dock"'],
        "url": ["https://cafe.example/1", "javascript:alert(1)"],
    }
    run = replace(run_on(FOREIGN, **about), about={"versions": {}, "digests": {}})
    page.write_text(as_page([], [], run, "foreign"), encoding="utf-8")
    with chromium(390) as driver:
        assert drawn(driver, page.as_uri()) == 0
        yield driver


def saved(driver, folder, button="#save"):
    """The file that the page saves when a button of it is pressed."""
    where = {"behavior": "allow", "downloadPath": str(folder)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    press_button = "document.querySelector(arguments[0]).click()"  # some show on hover only
    driver.execute_script(press_button, button)
    WebDriverWait(driver, 20).until(lambda d: [*folder.glob("*.csv"), *folder.glob("*.png")])
    return next(folder.iterdir())


HARBOURS = pd.DataFrame(
    {
        "harbour": ["Ostend", "-Hull", "Århus", *"BCDEFGHIJKL"],
        "ships": ["1,200", "950", None, *map(str, range(11))],
        "since": ["4 March 2024", "April 2023", "May 2022", *["June 2021"] * 11],
    }
)


@pytest.fixture(scope="module")
def harbours(tmp_path_factory):
    """A report that has a table of 14 harbours in it."""
    page = tmp_path_factory.mktemp("harbours") / "report.html"
    run = replace(run_on(PORT), about={"versions": {}, "digests": {}})
    cells = [
        Cell("4_a", "markdown", "## Ships: by harbour"),
        Cell("4_b", "code", "", outputs=[{"text/html": table(HARBOURS).markup}]),
    ]
    page.write_text(as_page(cells, [], run, "harbours"), encoding="utf-8")
    with chromium() as driver:
        drawn(driver, page.as_uri())
        yield driver


def test_a_heading_sorts_its_table_and_all_rows_can_still_be_shown(harbours):
    def first(column, keys):
        """The first values of a column, and how it is sorted, after a key on its heading."""
        heading = f".output th:nth-child({column})"
        harbours.find_element(By.CSS_SELECTOR, f"{heading} button").send_keys(keys)
        shown = f".output tbody tr:nth-child(-n+3) td:nth-child({column})"
        order = harbours.find_element(By.CSS_SELECTOR, heading).get_attribute("aria-sort")
        assert len(harbours.find_elements(By.CSS_SELECTOR, ".output th[aria-sort]")) == 1
        return order, texts(harbours, shown)

    assert first(2, Keys.ENTER) == ("descending", ["1,200", "950", "10"])
    assert first(2, Keys.SPACE) == ("ascending", ["0", "1", "2"])
    assert texts(harbours, ".output tr:last-child td") == ["Århus", "–", "May 2022"]
    assert first(3, Keys.ENTER) == ("descending", ["4 March 2024", "April 2023", "May 2022"])
    assert first(1, Keys.ENTER)[0] == "ascending"
    rows = harbours.find_elements(By.CSS_SELECTOR, ".output tbody tr")
    assert sum(row.is_displayed() for row in rows) == 10
    click(harbours, ".output > button")
    assert all(row.is_displayed() for row in rows)


def test_a_table_is_saved_without_formulas_under_the_name_of_its_section(harbours, tmp_path):
    path = saved(harbours, tmp_path, ".output table + button")
    assert path.name == "Ships-by-harbour.csv"
    kept = pd.read_csv(path, keep_default_na=False, dtype=str).sort_values("harbour")
    expected = HARBOURS.replace("-Hull", "'-Hull").fillna("").sort_values("harbour")
    assert kept.to_numpy().tolist() == expected.to_numpy().tolist()


def test_a_figure_is_saved_as_a_picture_named_by_its_finding(page, tmp_path):
    figure = "figure:has(.plot):not(#explore figure)"
    button = f"{figure} .modebar-btn[aria-label='Save as PNG']"
    assert len(page.find_elements(By.CSS_SELECTOR, f"{figure} .modebar")) == len(
        page.find_elements(By.CSS_SELECTOR, button)
    )
    path = saved(page, tmp_path, button)
    finding = texts(page, f"{figure} figcaption")[0]
    assert [*filter(None, path.stem.split("-"))] == re.findall(r"[\w%.]+", finding[:80].rstrip("."))
    width = page.execute_script(
        "return document.querySelector(arguments[0]).clientWidth", f"{figure} .plot"
    )
    assert int.from_bytes(path.read_bytes()[16:20]) == 2 * width  # as a PNG file says


def test_two_themes_stand_side_by_side_and_one_after_the_other_on_a_phone(page):
    enter(page, theme=["export-controls", "brexit-reset"])
    own = [passages_with(theme) for theme in ("export-controls", "brexit-reset")]
    expected = [
        f"{name}: {n} passages"
        for name, n in zip(("Export controls", "Brexit reset"), map(len, own), strict=True)
    ]
    assert sorted(texts(page, "#found h3")) == sorted(expected)
    shown = [len(texts(page, f"#found section:nth-child({i}) blockquote")) for i in (1, 2)]
    assert shown == [25, 25]
    edges = (
        "return [...document.querySelectorAll('#found section')].map(s => s.getBoundingClientRect())"
        ".map(box => [box.left, box.right, box.top, box.bottom])"
    )
    (_, right, *_), (left, *_) = page.execute_script(edges)
    assert right <= left
    resize(page, 390)
    (_, _, _, bottom), (_, _, top, _) = page.execute_script(edges)
    assert bottom <= top
    resize(page, 1280)


def test_the_passages_found_are_saved_as_a_table(page, passages, tmp_path):
    ask(page, "theme=brexit-reset&source=London+Desk")
    rows = pd.read_csv(saved(page, tmp_path))
    own = passages["passage_id"].isin(passages_with("brexit-reset"))
    left = passages[own & (passages["source"] == "London Desk")]
    assert len(left) > 25
    columns = ["document", "date", "source", "title", "themes", "start", "end", "text"]
    assert list(rows.columns) == columns
    for column in ("source", "title", "start", "end", "text"):
        assert rows[column].tolist() == left[column].tolist()
    assert rows["document"].tolist() == left["document_id"].tolist()
    assert rows["date"].tolist() == left["date"].dt.strftime("%Y-%m-%d").tolist()
    assert rows["themes"].str.split("; ").map(lambda names: "Brexit reset" in names).all()


def test_no_cell_is_a_formula_and_only_web_pages_are_linked(small, tmp_path):
    field = small.find_element(By.NAME, "q")
    field.send_keys(Keys.CONTROL, "a", Keys.DELETE)
    links = small.find_elements(By.CSS_SELECTOR, "#found a[target]")
    assert [link.get_attribute("href") for link in links] == ["https://cafe.example/1"]
    theme, _ = texts(small, "#by-theme span")
    assert saved(small, tmp_path).read_bytes().decode("utf-8-sig") == (
        "document,date,source,title,themes,start,end,text\r\n"
        f'0.txt,,,\'=1+1,{theme},0,{len(FOREIGN[0])},"{FOREIGN[0]}"\r\n'
        f'1.txt,,,"The ""dock""",{theme},0,{len(FOREIGN[1])},{FOREIGN[1]}\r\n'
    )


@pytest.mark.parametrize(
    ("words", "marks"),
    [
        ("cafe obidos", ["Café", "Óbidos"]),
        ("wasn't", ["wasn’t"]),
        ("«CAFÉ OBIDOS WASN'T»", ["Café Óbidos” wasn’t"]),
        ("ガント", ["ガント"]),
        ("カント", []),
    ],
)
def test_accents_capitals_and_quotation_marks_make_no_difference(small, words, marks):
    field = small.find_element(By.NAME, "q")
    field.clear()
    field.send_keys(words)
    assert texts(small, "#found mark") == marks


@pytest.mark.parametrize("by", ["WebGL", "SVG where there is no WebGL"])
def test_a_map_of_many_points_is_drawn(tmp_path, monkeypatch, by):
    monkeypatch.setattr("topics.figures.themes._MAX_SVG", 0)
    run = replace(run_on(PORT), about={"versions": {}, "digests": {}})
    shown = figures.theme_map(run).to_plotly_json()
    cell = Cell("map", "code", "", ["map"], [{PLOTLY: json.loads(pio.to_json(shown))}])
    page = tmp_path / "report.html"
    page.write_text(as_page([cell], [], run, "port"), encoding="utf-8")
    with chromium() as driver:
        if by != "WebGL":
            script = {"source": "HTMLCanvasElement.prototype.getContext = () => null"}
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
        assert drawn(driver, page.as_uri()) == 1
        assert not driver.find_elements(By.CSS_SELECTOR, ".no-webgl")
        points = len(driver.find_elements(By.CSS_SELECTOR, "#explore .plot .point"))
        assert points == (0 if by == "WebGL" else 5)
        severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []


BOXES = (
    "const boxes = [...document.querySelectorAll('#explore .annotation .bg')]"
    ".map(box => box.getBoundingClientRect()).filter(box => box.width);"
    "const plot = document.querySelector('#explore .plot').getBoundingClientRect();"
    "const collide = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;"
    "return [boxes.length, boxes.filter((a, i) => boxes.some((b, j) => j < i && collide(a, b))).length,"
    "boxes.filter(a => a.left < plot.left || a.right > plot.right).length]"
)


def test_names_on_the_map_never_collide_and_more_come_as_one_zooms(tmp_path):
    names = [f"harbour number {i}" for i in range(60)]
    run = run_with([(name, None, None, None) for name in names], {name: [name] for name in names})
    places = np.random.default_rng(0).normal(size=(60, 2))
    run = replace(run, coordinates=places, about={"versions": {}, "digests": {}})
    run.theme_of_passage = pd.Series(names)
    shown = json.loads(pio.to_json(figures.theme_map(run).to_plotly_json()))
    page = tmp_path / "report.html"
    page.write_text(as_page([Cell("map", "code", "", ["map"], [{PLOTLY: shown}])], [], run, "port"))
    for width in (1440, 390):
        with chromium(width) as driver:
            drawn(driver, page.as_uri())
            n, *wrong = driver.execute_script(BOXES)
            assert 5 < n < 60
            assert wrong == [0, 0]
            driver.execute_script(
                "Plotly.relayout(document.querySelector('.plot'),"
                "{'xaxis.range': [-.5, .5], 'yaxis.range': [-.5, .5]})"
            )
            inside = int((abs(places) < 0.5).all(axis=1).sum())
            n, *wrong = driver.execute_script(BOXES)
            assert wrong == [0, 0]
            assert inside / 2 < n <= inside


def test_parts_of_themes_are_named_as_one_zooms(page):
    zoom = (
        "const [plot, times, done] = arguments, { xaxis, yaxis } = plot._fullLayout;"
        "const near = ([low, high]) => [low, high].map(x => (low + high) / 2 + (x - (low + high) / 2) * times);"
        "Plotly.relayout(plot, { 'xaxis.range': near(xaxis.range), 'yaxis.range': near(yaxis.range) })"
        ".then(() => setTimeout(() => done([...plot.querySelectorAll('.annotation-text')]"
        ".filter(name => name.style.fontSize === '11px').length), 300))"
    )
    plot = page.find_element(By.CSS_SELECTOR, "#explore .plot")
    near, far = (page.execute_async_script(zoom, plot, times) for times in (0.6, 1 / 0.6))
    assert near > far == 0


def test_a_link_to_a_passage_that_is_not_there_says_so(page):
    page.execute_script("location.hash = 'p-9999'")
    WebDriverWait(page, 10).until(lambda d: d.find_element(By.ID, "pinned").is_displayed())
    expected = ["This report has no passage 9999; the last is 928."]
    assert texts(page, "#pinned blockquote > p") == expected


def test_a_theme_has_its_colour_of_the_map_beside_its_count(page):
    bars = page.execute_script(
        "return [...document.querySelectorAll('#by-theme .swatch')].map(s => s.style.background)"
    )
    marks = page.execute_script(
        "return document.querySelector('#explore .plot').data.map(trace => {"
        "const bar = document.createElement('i'); bar.style.background = trace.marker.color;"
        "return bar.style.background})"
    )
    assert sorted(bars) == sorted(marks)


def test_on_paper_the_map_stays_and_what_only_a_screen_can_do_goes(page):
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return document.querySelector(arguments[0]).checkVisibility()"
    places = ["#explore .plot", "figcaption", "#choose", "#found", "nav", ".twin"]
    assert [page.execute_script(shown, place) for place in places] == [True] * 2 + [False] * 4
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_every_finding_and_card_is_on_a_printed_page(page):
    printed = PdfReader(BytesIO(b64decode(page.print_page())))
    pages = [normalize("NFKC", sheet.extract_text()).split() for sheet in printed.pages]
    assert all(pages)
    assert 10 < len(pages) < 16
    text = "".join("".join(words) for words in pages)
    lines = texts(page, "figcaption, .card h4, .overview td, main > h2, h3")
    assert len(lines) > 50
    assert [line for line in lines if "".join(line.split()) not in text] == []


def test_what_stands_out_leads_to_the_figure_that_says_so(page):
    lines = page.execute_script(
        "return [...document.querySelectorAll('header li')].map(li => "
        "[li.childNodes[1].textContent.trim(), document.querySelector(li.querySelector('a').hash)?.textContent])"
    )
    assert len(lines) >= 3
    assert all(text in there for text, there in lines)


def test_no_rule_of_accessibility_is_broken_wide_and_light_or_narrow_and_dark(page):
    page.set_script_timeout(120)
    page.execute_script(AXE)
    page.execute_script("location.hash = 'p-200'")
    for width, scheme in [(1280, "light"), (390, "dark")]:
        resize(page, width)
        prefer(page, scheme)
        assert page.execute_async_script(RUN_AXE) == [], (width, scheme)
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    prefer(page, "light")
    resize(page, 1280)


CONTRASTS = """
const luminance = (colour) => colour.map((c) => c / 255)
  .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number).slice(0, 3);
return [...document.querySelectorAll('.plot')].flatMap((plot) => {
  const paper = luminance(arguments[0]);
  return [...plot.querySelectorAll('.xtick text, .ytick text, .annotation-text, .bartext, .legendtext, .xtitle, .ytitle')]
    .map((text) => {
      const [light, dark] = [luminance(rgb(getComputedStyle(text).fill)), paper].sort((a, b) => b - a);
      return [(light + 0.05) / (dark + 0.05), text.textContent];
    });
}).filter(([contrast]) => contrast < 4.5).map(([contrast, text]) => `${contrast} ${text}`)
"""


@pytest.mark.parametrize(("scheme", "paper"), [("light", [255] * 3), ("dark", [27, 27, 31])])
def test_every_label_of_a_figure_stands_out_from_the_page(page, scheme, paper):
    prefer(page, scheme)
    resize(page, 1280)
    background = f"return getComputedStyle(document.querySelector('.plot .main-svg')).backgroundColor === 'rgb({', '.join(map(str, paper))})'"
    WebDriverWait(page, 60).until(lambda d: d.execute_script(background))
    assert page.execute_script(CONTRASTS, paper) == []
    prefer(page, "light")


def test_nothing_is_cut_on_paper(page):
    resize(page, 718)  # A4 less its margins
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    cut = page.execute_script(
        "return [...document.querySelectorAll('td, th, p, h2, h3, .plot text')]"
        ".filter(e => e.checkVisibility() && e.getBoundingClientRect().right > 719).map(e => e.textContent)"
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    resize(page, 1280)
    assert cut == []


def test_figures_are_dark_on_a_dark_page_and_light_on_paper(page):
    colours = (
        "return [...document.querySelectorAll('.plot')].map(p => p._fullLayout.paper_bgcolor)"
        ".filter((colour, i, all) => all.indexOf(colour) === i)"
    )
    prefer(page, "dark")
    WebDriverWait(page, 60).until(lambda d: d.execute_script(colours) == ["#1b1b1f"])
    page.execute_script("dispatchEvent(new Event('beforeprint'))")
    WebDriverWait(page, 60).until(lambda d: d.execute_script(colours) == ["white"])
    prefer(page, "light")
    page.execute_script("dispatchEvent(new Event('afterprint'))")
    assert page.get_log("browser") == []


def test_a_browser_that_cannot_unpack_says_so(page):
    with chromium() as driver:
        script = {"source": "delete window.DecompressionStream"}
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", script)
        driver.get((sample_report() / "report.html").as_uri())
        assert driver.find_element(By.ID, "too-old").is_displayed()
        assert driver.get_log("browser") == []


def test_packed_text_repeats_and_comes_back_whole():
    text = "Wärme </script> \u202e 北京"
    assert packed(text) == packed(text)
    assert gzip.decompress(b64decode(packed(text))).decode() == text
    assert "<" not in packed(text)


def test_a_corpus_too_large_for_one_file_has_its_passages_cut():
    run = run_on(PORT)
    assert passage_search(run)["cut"] is None
    long = replace(run, passages=run.passages.assign(text="a" * 3_000_000))
    found = passage_search(long)
    assert found["cut"] == 270
    data = json.loads(gzip.decompress(b64decode(found["data"])))
    assert [len(passage[3]) for passage in data["passages"]] == [270] * 5
