#!/usr/bin/env python3
"""Opens the pages of runs in headless Chromium and looks for faults.

    tests/browser/check.py OUT [OUT …] [--screenshots FOLDER]
    tests/browser/check.py OUT --picture docs/page.png      (smaller with Pillow)

Each OUT is a folder that `run --out` wrote. Every page in it is opened at the width of a phone and of a
desktop, in light and dark, and of a tablet. Checked are: nothing in a file's name runs and nothing is
loaded from outside; nothing is wider than the window; all text has a contrast of 4.5 or more; every link leads
somewhere; every picture is there, undistorted and has a text; a key press shows where one is; a click on
a neighbour arrives. That the checks find faults is shown first, with a page that has them all.

Needs Python 3 and Chromium (Debian packages python3, chromium). Exit status: 0 no faults, 1 faults,
69 no Chromium.
"""

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from chromium import Chromium

HERE = Path(__file__).resolve().parent
CHECKS = (HERE / "checks.js").read_text()
VIEWS = [("phone", 390, 844, "light"), ("phone", 390, 844, "dark"), ("tablet", 820, 1180, "light"),
         ("desktop", 1440, 900, "light"), ("desktop", 1440, 900, "dark")]
EXPECTED_OF_FAULTY = [
    "script: a name ran", "script: script", "script: attribute onerror", "script: address", "overflow: ", "contrast: ",
    "small text", "image: broken", "image: distorted", "alt: none: img", "alt: none: svg", "link: without words", "link: dead file",
    "link: dead fragment", "tiny: neither", "tiny: too small", "headings: ", "head: ", "ids: ",
    "neighbours: itself", "outside: ", "keyboard: ", "click: ",
]


class Marks(HTMLParser):
    """Collects the ids and links of a page."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            if tag == "a" and name == "href":
                self.links.append(value or "")


def dead_links(page: Path, marks: dict[Path, Marks]) -> list[str]:
    """Links that lead to no file, or to no place in a page."""
    faults = []
    for link in marks[page].links:
        address, fragment = urldefrag(urljoin(page.as_uri(), link))
        target = Path(unquote(urlsplit(address).path, errors="surrogateescape"))
        if not target.exists():
            faults.append(f"link: dead file: {link}")
        elif fragment and (target not in marks or unquote(fragment) not in marks[target].ids):
            faults.append(f"link: dead fragment: {link}")
    return faults


def from_outside(events: list[dict], page: Path) -> list[str]:
    """What was loaded or refused, and what the browser complained of."""
    faults = []
    for event in events:
        method, said = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            url = said["request"]["url"]
            if not url.startswith(("data:", "about:")) and url != page.as_uri():
                faults.append(f"outside: {url}")
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            faults.append(f"browser: {said['entry']['text']}")
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening"):
            faults.append(f"script: {method}")
    return faults


def keyboard(browser: Chromium) -> list[str]:
    """The tab key goes from link to link and each shows that it has the focus."""
    faults = []
    for _ in range(4):
        browser.press("Tab", 9)
        where = browser.evaluate(
            "(({tagName, className}) => [tagName, className, getComputedStyle(document.activeElement).outlineStyle,"
            " parseFloat(getComputedStyle(document.activeElement).outlineWidth),"
            " getComputedStyle(document.activeElement).outlineColor])(document.activeElement)")
        if where[0] != "BODY" and (where[2] == "none" or where[3] < 2):
            faults.append(f"keyboard: the focus on {where[:2]} cannot be seen")
    return faults


def click(browser: Chromium) -> list[str]:
    """A click on the first neighbour arrives at its picture, on whatever page that is."""
    href = browser.evaluate("document.querySelector('.tiny')?.getAttribute('href') ?? null")
    if href is None:
        return []
    browser.events.clear()
    browser.evaluate("document.querySelector('.tiny').click()")
    if not href.startswith("#"):
        browser.wait_until_loaded()
    arrived = browser.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        " const target = document.querySelector(':target'); if (!target) return done(false);"
        " const {top, bottom} = target.getBoundingClientRect();"
        " const plate = target.querySelector('.plate');"
        " done(bottom > 0 && top < innerHeight && plate && getComputedStyle(plate).outlineStyle === 'solid') })))")
    return [] if arrived else [f"click: {href} was not arrived at"]


def faults_of(browser: Chromium, page: Path, marks: dict[Path, Marks], shots: Path | None) -> list[str]:
    """Every fault of one page, each with the view that shows it."""
    faults = dead_links(page, marks)
    for device, width, height, scheme in VIEWS:
        events = list(browser.show(page, width, height, scheme))
        found = browser.evaluate(CHECKS) + from_outside(events, page)
        if shots:
            browser.screenshot(shots / f"{page.parent.name}-{page.stem}-{device}-{scheme}.png", 2400)
        found += keyboard(browser) + click(browser)
        faults += [f"{fault} ({device}, {scheme})" for fault in found]
    return faults


def check_the_checks(browser: Chromium) -> list[str]:
    page = HERE / "faulty.html"
    found = faults_of(browser, page, {page: Marks(page)}, None)
    return [f"this check finds nothing: {expected}" for expected in EXPECTED_OF_FAULTY
            if not any(fault.startswith(expected) for fault in found)]


def pages_of(out: Path) -> list[Path]:
    def number(path: Path) -> int:
        return int(re.sub(r"\D", "", path.stem) or 1)
    pages = sorted(out.resolve().glob("index*.html"), key=number)
    if not pages or pages[0].name != "index.html":
        raise SystemExit(f"{out} has no index.html")
    return pages


def in_64_shades(picture: Path) -> None:
    """Makes a screenshot a quarter smaller, where Pillow is there: 64 shades of each of red, green and blue."""
    try:
        from PIL import Image
    except ImportError:
        return
    shades = [min(255, ((value + 2) >> 2) * 255 // 63) for value in range(256)]
    Image.open(picture).convert("RGB").point(shades * 3).save(picture, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="+")
    parser.add_argument("--screenshots", type=Path, help="keep a picture of every page, size and scheme here")
    parser.add_argument("--picture", type=Path, help="only take the picture for the README")
    options = parser.parse_args()
    with Chromium() as browser:
        if options.picture:
            browser.show(pages_of(options.out[0])[0], 1280, 820, "light")
            browser.screenshot(options.picture, 820)
            in_64_shades(options.picture)
            return 0
        if options.screenshots:
            options.screenshots.mkdir(parents=True, exist_ok=True)
        faults = check_the_checks(browser)
        pages = 0
        for out in options.out:
            marks = {page: Marks(page) for page in pages_of(out)}
            for page in marks:
                pages += 1
                faults += [f"{page}: {fault}" for fault in faults_of(browser, page, marks, options.screenshots)]
    for fault in faults[:50]:
        print(fault)
    print(f"{pages} pages, {len(VIEWS)} views of each: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
