#!/usr/bin/env python3
"""Opens the pages of runs in headless Chromium and looks for faults.

    tests/browser/check.py OUT [OUT …] [--mutants] [--screenshots FOLDER]
    tests/browser/check.py OUT --picture docs/page.png      (smaller with Pillow)

Each OUT is a folder that `run --out` wrote. Its page is opened at the width of a phone and of a desktop,
in light and dark, and of a tablet. Checked are: nothing in a file's name runs and nothing is loaded but
thumbnails; nothing is wider than the window; all text has a contrast of 4.5 or more, every control's edge one
of 3; every link leads somewhere; every picture is there, undistorted and has a text; a key press shows where one is. Then the page
is used: all pictures are reached, sorted, filtered by name and colour, compared, by mouse and by keys.

That the checks find faults is shown first, with a page that has them all; --mutants shows it of the uses,
with pages whose script does one thing wrong, made from the first OUT, which needs more than 48 pictures.

Needs Python 3 and Chromium (Debian packages python3, chromium). Exit status: 0 no faults, 1 faults,
69 no Chromium.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

from chromium import Chromium

HERE = Path(__file__).resolve().parent
CHECKS = (HERE / "checks.js").read_text()
USES = (HERE / "uses.js").read_text()
DESKTOP = ("desktop", 1440, 900, "light")
VIEWS = [("phone", 390, 844, "light"), ("phone", 390, 844, "dark"), ("tablet", 820, 1180, "light"),
         DESKTOP, ("desktop", 1440, 900, "dark")]
EXPECTED_OF_FAULTY = [
    "script: a name ran", "script: script", "script: attribute onerror", "script: address", "overflow: ", "contrast: ", "edge: ",
    "small text", "image: broken", "image: distorted", "alt: none: img", "alt: none: svg", "link: without words",
    "link: dead file", "link: dead fragment", "tiny: neither", "tiny: too small", "control: without", "headings: ",
    "head: ", "ids: ", "neighbours: itself", "outside: ", "keyboard: ",
]
# What is done wrong in the script, and the use that must notice.
MUTANTS = [
    ("more: ", "next += A_PORTION;", "next += A_PORTION + 1;"),
    ("order: ", "return one[i] - other[i];", "return other[i] - one[i];"),
    ("name: ", "words.every(", "!words.every("),
    ("colour: ", ">= ENOUGH", "< ENOUGH"),
    ("colour: ", "wish().colour === hex", "false"),
    ("similar: ", "similarity[b] - similarity[a]", "similarity[a] - similarity[b]"),
    ("together: ", 'like < 0 && order === "name"', 'order === "name"'),
    ("order: ", "location.hash = address(changes)", "history.replaceState(null, '', address(changes))"),
    ("keys: ArrowRight", '=== "ArrowRight" ? 1 : -1', '=== "ArrowRight" ? -1 : 1'),
    ("keys: s", 'event.key === "s"', 'event.key === "S"'),
    ("keys: /", 'event.key === "/"', 'event.key === "?"'),
    ("keys: Escape", 'event.key === "Escape"', 'event.key === "Esc"'),
]


def links(browser: Chromium, page: Path) -> list[str]:
    """Links that lead to no file, to no place in the page, or to no picture of it."""
    ids, pictures, addresses = browser.evaluate(
        "[[...document.querySelectorAll('[id]')].map(e => e.id),"
        " JSON.parse(document.querySelector('#gallery')?.textContent ?? '{\"pictures\": []}').pictures.map(p => p.id),"
        " [...document.links].map(a => a.getAttribute('href'))]")
    faults = []
    for link in addresses:
        address, fragment = urldefrag(urljoin(page.as_uri(), link))
        target = Path(unquote(urlsplit(address).path, errors="surrogateescape"))
        said = parse_qs(fragment)
        if not target.exists():
            faults.append(f"link: dead file: {link}")
        elif "like" in said:
            faults += [f"link: dead fragment: {link}" for like in said["like"] if like not in pictures]
        elif fragment and unquote(fragment) not in ids:
            faults.append(f"link: dead fragment: {link}")
    return faults


def from_outside(events: list[dict], page: Path) -> list[str]:
    """What was loaded or refused, and what the browser complained of."""
    faults = []
    for event in events:
        method, said = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            url = said["request"]["url"]
            own = (page.as_uri(), (page.parent / "thumbnails").as_uri() + "/")
            if not url.startswith(("data:", "about:", *own)):
                faults.append(f"outside: {url}")
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            faults.append(f"browser: {said['entry']['text']}")
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Page.javascriptDialogOpening"):
            faults.append(f"script: {method}")
    return faults


def focus(browser: Chromium) -> list[str]:
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


def keys(browser: Chromium) -> list[str]:
    """Every key that the page names does what it says."""
    at = "[...document.querySelectorAll('.pictures > .entry')].findIndex(e => e.contains(document.activeElement))"
    steps = [
        ("ArrowRight", 39, at, 0), ("ArrowRight", 39, at, 1), ("ArrowLeft", 37, at, 0),
        ("s", 83, "new URLSearchParams(location.hash.slice(1)).has('like')", True),
        ("Escape", 27, "location.hash.length < 2 && document.querySelector('#reset').hidden", True),
        ("/", 191, "document.activeElement.id", "name"),
        ("Escape", 27, "document.activeElement === document.body", True),
    ]
    browser.evaluate("document.activeElement.blur(), location.hash = ''")
    faults = []
    for key, code, what, expected in steps:
        browser.press(key, code)
        found = browser.evaluate(f"new Promise(done => setTimeout(() => done({what}), 100))")
        if found != expected:
            faults.append(f"keys: {key} gives {found} instead of {expected}")
    return faults


def uses(browser: Chromium, only: str = "") -> list[str]:
    """What a person would do with a page of several pictures; `only` what begins so."""
    if browser.evaluate("document.querySelectorAll('.entry').length") < 2:
        return []
    faults = browser.evaluate(f"({USES})({json.dumps(only)})")
    return faults + (keys(browser) if "keys".startswith(only) else [])


def faults_of(browser: Chromium, page: Path, shots: Path | None) -> list[str]:
    """Every fault of one page, each with the view that shows it."""
    faults = []
    for view in VIEWS:
        device, width, height, scheme = view
        events = browser.show(page, width, height, scheme)
        # Neighbours come one picture after the other.
        browser.evaluate("new Promise(done => setTimeout(done, 500))")
        found = browser.evaluate(CHECKS) + links(browser, page)
        if shots:
            browser.screenshot(shots / f"{page.parent.name}-{device}-{scheme}.png", 2400)
        found += focus(browser)
        if view == DESKTOP:
            found += uses(browser)
        found += from_outside(list(events), page)
        faults += [f"{fault} ({device}, {scheme})" for fault in found]
    return faults


def check_the_checks(browser: Chromium) -> list[str]:
    found = faults_of(browser, HERE / "faulty.html", None)
    return [f"this check finds nothing: {expected}" for expected in EXPECTED_OF_FAULTY
            if not any(fault.startswith(expected) for fault in found)]


def check_the_uses(browser: Chromium, page: Path) -> list[str]:
    """Faults of the uses: each mutant of the script must be noticed by its use."""
    html, faults = page.read_text(), []
    mutant = page.with_name(".mutant.html")
    for expected, right, wrong in MUTANTS:
        if right not in html:
            faults.append(f"no mutant: the script has no {right}")
            continue
        # Without the policy, which knows the script by its digest.
        mutant.write_text(re.sub(r"<meta http-equiv[^>]*>", "", html).replace(right, wrong))
        browser.show(mutant, *DESKTOP[1:])
        found = uses(browser, expected.split(":")[0])
        if not any(fault.startswith(expected) for fault in found):
            faults.append(f"this use notices nothing: {expected}{json.dumps(wrong)}: {found}")
    mutant.unlink(missing_ok=True)
    return faults


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
    parser.add_argument("--mutants", action="store_true", help="show that the uses notice a script that does wrong")
    parser.add_argument("--screenshots", type=Path, help="keep a picture of every page, size and scheme here")
    parser.add_argument("--picture", type=Path, help="only take the picture for the README")
    options = parser.parse_args()
    pages = [out.resolve() / "index.html" for out in options.out]
    for page in pages:
        if not page.exists():
            raise SystemExit(f"{page} is missing")
    with Chromium() as browser:
        if options.picture:
            browser.show(pages[0], 1280, 900, "light")
            browser.evaluate("new Promise(done => setTimeout(done, 1000))")
            browser.screenshot(options.picture, 900)
            in_64_shades(options.picture)
            return 0
        if options.screenshots:
            options.screenshots.mkdir(parents=True, exist_ok=True)
        faults = check_the_checks(browser)
        if options.mutants:
            faults += check_the_uses(browser, pages[0])
        for page in pages:
            faults += [f"{page}: {fault}" for fault in faults_of(browser, page, options.screenshots)]
    for fault in faults[:50]:
        print(fault)
    print(f"{len(pages)} pages, {len(VIEWS)} views of each: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
