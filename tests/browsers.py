"""What tests of pages in a real browser share: how it starts, how a page is opened, and what must be so of every page."""

import os
import re
import shutil

import pytest

webdriver = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
marks = [
    pytest.mark.timeout(300),  # the first start of a browser, on a busy machine
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no browser: apt-get install chromium chromium-driver"),
    pytest.mark.skipif("libasan" in os.environ.get("LD_PRELOAD", ""), reason="a browser does not start with a sanitizer in it"),
]

OPTIONS = """
--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update
--disable-sync --disable-dev-shm-usage
"""
WIDE, PHONE = 1200, 360
PAPERS = {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 28)"}


def start(profile):
    """A browser with a folder for its profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS.split(), f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options=options, service=Service(DRIVER))


def opened(browser, path, width=WIDE, theme="light"):
    """Open a page at a width, in a theme, and wait until all is drawn."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(path.as_uri())
    WebDriverWait(browser, 60).until(lambda it: it.execute_script("return document.documentElement.dataset.ready"))
    return browser


def colour(browser, css, property):
    return browser.execute_script(f"return getComputedStyle(document.querySelector({css!r}))[{property!r}]")


def assert_no_error_and_no_request(browser):
    """All that was loaded is the page itself."""
    assert [line["message"] for line in browser.get_log("browser") if line["level"] == "SEVERE"] == []
    sent = [line["message"] for line in browser.get_log("performance") if '"Network.requestWillBeSent"' in line["message"]]
    urls = re.findall(r'"request":\{.*?"url":"(.*?)"', "\n".join(sent))
    assert [url for url in urls if not url.startswith(("file:", "data:", "blob:"))] == []
    assert len([url for url in urls if url.startswith("file:")]) == 1


def assert_nothing_overflows(browser):
    """With all that is folded away opened, nothing is wider than the page, and no words are tiny."""
    for details in browser.find_elements("css selector", "article > details"):
        browser.execute_script("arguments[0].open = true", details)
    assert browser.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    wide = """
    const width = document.documentElement.clientWidth + 1
    const outside = it => { const box = it.getBoundingClientRect(); return box.width && (box.right > width || box.left < -1) }
    const all = [...document.querySelectorAll("main *")].filter(it => !it.closest("pre, svg defs"))
    return all.filter(outside).map(it => it.outerHTML.slice(0, 99))
    """
    assert browser.execute_script(wide) == []
    words = "p, td, th, li, dt, dd, code"
    sizes = f"return [...document.querySelectorAll('{words}')].map(it => parseFloat(getComputedStyle(it).fontSize))"
    assert min(browser.execute_script(sizes), default=99) >= 11
