"""The notebooks as a new user of ``make lab`` sees them: JupyterLab in a browser, offline."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import nbformat
import pytest
from browser import chromium, requests_of
from conftest import ROOT
from selenium.webdriver.support.ui import WebDriverWait

NOTEBOOKS = ["0_start.ipynb", "2_themes.ipynb"]  # the others run where the report is tested
PLOTLY = "application/vnd.plotly.v1+json"

READY = """
const panel = window.jupyterapp?.shell.currentWidget;
return panel?.context?.path === arguments[0] && panel.content.widgets.length > 0
    && panel.sessionContext.session?.kernel?.status === 'idle'
"""
RUN_ALL = """
window.ended = false;
jupyterapp.commands.execute('runmenu:run-all').finally(() => { window.ended = true })
"""
SAVE = "return jupyterapp.commands.execute('docmanager:save')"
STOP = "return jupyterapp.shell.currentWidget.sessionContext.shutdown()"
# Lab draws the cells in view, and shows a saved figure's picture until it is pointed at.
FIGURES_IN = """
const notebook = jupyterapp.shell.currentWidget.content;
const cell = notebook.widgets[arguments[0]];
await notebook.scrollToItem(arguments[0], 'start');
return [...cell.node.querySelectorAll('.jp-RenderedPlotly')].filter(output => {
    const shown = output.querySelector(arguments[1])?.getBoundingClientRect();
    return shown?.width > 100 && shown.height > 100 && shown.width <= output.clientWidth;
}).length
"""
WIDGET_IN = """
const notebook = jupyterapp.shell.currentWidget.content;
await notebook.scrollToItem(arguments[0], 'start');
const drawn = notebook.widgets[arguments[0]].node.querySelector('.js-plotly-plot .main-svg');
return drawn?.getBoundingClientRect().width > 100
"""
PLOT, PICTURE = ".main-svg", "img"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab on a copy of the checkout, with nobody's settings; its address and folder."""
    home = tmp_path_factory.mktemp("lab")
    for folder in ("notebooks", "data"):
        shutil.copytree(ROOT / folder, home / folder)
    kinds = "JUPYTER_CONFIG JUPYTER_DATA JUPYTER_RUNTIME JUPYTERLAB_SETTINGS JUPYTERLAB_WORKSPACES"
    own = {f"{kind}_DIR": str(home / ".own" / kind) for kind in kinds.split()}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={home}", "--no-browser",
         "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=",
         "--LabApp.expose_app_in_browser=True"],
        env={**os.environ, **own, "IPYTHONDIR": str(home / ".own" / "IPYTHON")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    yield f"http://127.0.0.1:{port}", home
    process.terminate()
    process.wait(60)


@pytest.fixture(scope="module")
def browser(server):
    with chromium() as driver:
        driver.set_script_timeout(120)
        WebDriverWait(driver, 120, ignored_exceptions=[URLError]).until(
            lambda _: urlopen(f"{server[0]}/api").status == 200
        )
        yield driver


@pytest.fixture(scope="module", params=NOTEBOOKS)
def ran(request, server, browser):
    """The file of a notebook that was opened in Lab, run to its end and saved."""
    address, home = server
    show(browser, address, request.param)
    browser.execute_script(RUN_ALL)
    WebDriverWait(browser, 900).until(lambda d: d.execute_script("return window.ended"))
    browser.execute_script(SAVE)
    return home / "notebooks" / request.param


def show(driver, address, name):
    path = f"notebooks/{name}"
    driver.get(f"{address}/lab/tree/{path}?reset")
    WebDriverWait(driver, 120).until(lambda d: d.execute_script(READY, path))


def figures_by_cell(path):
    """How many figures the cells hold that hold any, by number of cell."""
    cells = nbformat.read(path, as_version=4).cells
    counts = {
        number: sum(PLOTLY in output.get("data", {}) for output in cell.get("outputs", []))
        for number, cell in enumerate(cells)
    }
    return {number: count for number, count in counts.items() if count}


def wait_for_figures(driver, expected, selector):
    for number, count in expected.items():
        WebDriverWait(driver, 60).until(
            lambda d, at=number, n=count: d.execute_script(FIGURES_IN, at, selector) == n,
            f"cell {number} shows {count} figure(s), none wider than its cell",
        )


def test_running_all_cells_ends_without_an_error(ran):
    code = [cell for cell in nbformat.read(ran, 4).cells if cell.cell_type == "code"]
    assert [o for cell in code for o in cell.outputs if o.output_type == "error"] == []
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))


def test_every_figure_is_drawn(ran, browser):
    expected = figures_by_cell(ran)
    assert expected
    wait_for_figures(browser, expected, PLOT)


def test_the_map_to_select_passages_from_is_drawn(ran, browser):
    cells = nbformat.read(ran, as_version=4).cells
    widgets = [number for number, cell in enumerate(cells) if "SelectableMap(" in cell.source]
    assert len(widgets) == (ran.name == NOTEBOOKS[0])
    for number in widgets:
        WebDriverWait(browser, 60).until(lambda d, at=number: d.execute_script(WIDGET_IN, at))


def test_opened_again_it_shows_its_figures_without_running_anything(ran, server, browser):
    browser.execute_script(SAVE)
    browser.execute_script(STOP)
    show(browser, server[0], ran.name)
    wait_for_figures(browser, figures_by_cell(ran), f"{PLOT}, {PICTURE}")


def test_the_page_asks_nothing_of_the_network(ran, browser):
    assert {urlsplit(url).hostname for url in requests_of(browser)} == {"127.0.0.1"}
