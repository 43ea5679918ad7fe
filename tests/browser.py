"""Headless Chromium with the network blocked, and the report that tests look at in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from conftest import ROOT
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",  # nothing is still on its way when it is clicked
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def topics(
    *arguments: str, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The command line, its output caught, at a fixed time."""
    return subprocess.run(
        [sys.executable, "-m", "topics", *arguments],
        cwd=cwd, capture_output=True, text=True, timeout=1200, check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1750000000", **environment},
    )  # fmt: skip


@cache
def sample_report() -> Path:
    """The folder of a report on the sample corpus, as ``make report`` writes it, made once."""
    out = Path(tempfile.mkdtemp(prefix="topics-sample-"))
    done = topics(
        "report", "data/articles", "--themes", "data/themes.yml", "--gold", "data/gold.csv",
        "--out", str(out),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"report: {out / 'report.html'}"
    return out


@contextmanager
def chromium(width: int = 1280, height: int = 900) -> Iterator[webdriver.Chrome]:
    """A browser that resolves no host name and records what it asked for and what it said."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in (*_FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    resize(driver, width, height)
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver: webdriver.Chrome, width: int, height: int = 900) -> None:
    """Give the page this room; windows are never narrower than 500 pixels, but phones are."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def drawn(driver: webdriver.Chrome, page: str) -> int:
    """Open a report, see all of it and wait until its figures are drawn; how many they are."""
    driver.get(page)
    WebDriverWait(driver, 120).until(
        lambda d: d.execute_script("return document.body.dataset.ready") is not None
    )
    figures = driver.find_elements("css selector", "figure")
    for figure in figures:
        driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", figure)
        WebDriverWait(driver, 60).until(lambda _, f=figure: f.get_attribute("data-drawn"))
    driver.execute_script("scrollTo(0, 0)")
    return len(figures)


def prefer(driver: webdriver.Chrome, scheme: str) -> None:
    """Have the reader prefer light or dark pages."""
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def requests_of(driver: webdriver.Chrome) -> list[str]:
    """Addresses that the page asked for, but for those inside the file itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in urls if not url.startswith(("data:", "blob:"))]
