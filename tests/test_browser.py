"""The page in a real browser: nothing leaves it, nothing fails, nothing is cut, and it is accessible.

Needs chromium, chromedriver, the package selenium and axe-core (AXE_CORE names its file); skipped without them.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import unicodedata
from pathlib import Path

import pytest
from pypdf import PdfReader

from infusecalc.cli import run
from infusecalc.output import html
from infusecalc.output.blocks import TITLE, Heading, Rows

AXE = Path(os.environ.get("AXE_CORE", "axe.min.js"))
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(  # .ci/run has all three, and lets none be skipped
    not (BROWSER and DRIVER and AXE.exists()), reason="needs chromium, chromedriver, and axe-core named by AXE_CORE"
)
LINES = {
    "eight infusions": "infliximab crohns --weight 70kg --start 2026-12-01 --patient-id 17",
    "findings of all three severities": (
        "rituximab gpa --weight 70kg --height 175cm --age 17 --start 2026-12-01 --for 2y --label eu "
        "--has heart-failure --dose maintenance=1200mg --patient-id 17"
    ),
    "an id and a reason longer than a line": (
        f"infliximab crohns --weight 70kg --start 2026-12-01 --has active-tb --patient-id {'0123456789abcdef' * 8} "
        f"--accept contraindicated:active-tb={'agreed' * 40}"
    ),
    "sixty infusions": "infliximab as --weight 70kg --start 2026-12-01 --doses 60 --patient-id " + "9" * 60,
}


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver  # noqa: PLC0415 - only where there is a browser
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415 - only where there is a browser

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "disable-dev-shm-usage",
    ):  # set in rows # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


BLOCKED = "findings of all three severities"
"""No patient sheet is made from a plan that blocks."""
PAGES = [(name, sheet) for name in LINES for sheet in ("clinic", "patient") if (name, sheet) != (BLOCKED, "patient")]


@pytest.fixture(params=PAGES, ids="-".join)
def page(request, browser, tmp_path):
    name, sheet = request.param
    path = tmp_path / "plan.html"
    code = run(["schedule", *LINES[name].split(), "--sheet", sheet, "-o", str(path), "--quiet"])
    assert code == (3 if name == BLOCKED else 0)
    browser.get_log("performance")
    browser.get(path.as_uri())
    return path


def test_no_request_leaves_the_page_and_nothing_fails(page, browser):
    sent = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"]
    assert set(asked) <= {page.as_uri()}
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_is_wider_than_the_screen(page, browser, width):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    )
    assert page.exists()
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    wider = (
        "return [...document.querySelectorAll('td, dd, li, p')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    )
    assert browser.execute_script(wider) == 0


def test_an_accessibility_check_finds_nothing(page, browser):
    assert page.exists()
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script("const done = arguments[0]; axe.run().then(found => done(found.violations));")
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


def test_printed_nothing_is_cut(page, browser):
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    reader = PdfReader(io.BytesIO(base64.b64decode(printed["data"])))
    text = " ".join(each.extract_text() for each in reader.pages)
    words = "".join(unicodedata.normalize("NFKC", text).split())  # in which fi is two letters
    shown = browser.execute_script("return [...document.querySelectorAll('td, dd, li, h1, h2')].map(e => e.innerText)")
    missing = [text for text in shown if "".join(text.split()) not in words]
    assert page.exists()
    assert missing == []


def test_on_paper_a_long_word_in_the_last_column_of_a_table_is_broken(browser, tmp_path):
    rows = (("1", "Tue 2026-12-01", "0123456789abcdef" * 16),)
    path = tmp_path / "page.html"
    path.write_text(html.draw([Heading("Title", TITLE), Rows(("#", "date", "change"), rows)], "foot", "clinic"))
    browser.get(path.as_uri())
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 680, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )  # A4 without margins of 15 mm: 180 mm at 96 dpi
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert wide <= 680
