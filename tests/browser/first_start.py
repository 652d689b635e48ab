"""The very first start: an empty workspace is opened in Chromium, and the demo's audit is watched to its end.

Then every page is looked at. All the while the connections of the server and its jobs are watched too.

    python -m tests.browser.first_start FOLDER

leaves a workspace whose demo is audited in FOLDER, and what was seen in FOLDER/seen.json.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from audit.settings import STEPS
from tests.browser.hands import JOB, go
from tests.browser.server import chromium, serving, settled, visit
from tests.faults.watch import Watch, asked, told
from words import say

SEEN = "seen.json"
LEARNER = "/sklearn/"
"""Libraries that the server has in memory once DoWhy is loaded, and not before."""
LIMIT_SECONDS = 900
"""The demo's audit should take 60 s on two idle cores; the limit leaves room for a busy machine."""


def main(arguments: list[str]) -> int:
    """Watch, write down, and say how long it took."""
    home = Path(arguments[0])
    seen = watched(home)
    (home / SEEN).write_text(json.dumps(seen))
    print(f"the demo's audit took {seen['seconds']:.1f} s from the first look (aim: 60 s on two idle cores)")
    return 0


def watched(home: Path) -> dict[str, Any]:
    """What is seen: seconds until the audit is done, the job's words on the way, the links after; whether DoWhy
    was loaded before the Graph page asked; who was spoken to."""
    with serving(home, **told(home)) as server, chromium() as browser, Watch(server) as watch:
        started = time.perf_counter()
        tab = visit(browser, server.url)
        job = tab.page.locator(JOB)
        job.wait_for()
        tab.page.wait_for_function(f"document.querySelector('{JOB}')?.innerText.match(/[1-9]\\d?%/)")
        words = job.inner_text()
        expect(job).to_have_count(0, timeout=LIMIT_SECONDS * 1000)
        seconds = time.perf_counter() - started
        settled(tab.page)
        expect(tab.page.get_by_role("heading", name="The answer")).to_be_visible()
        ahead = LEARNER in Path(f"/proc/{server.process.pid}/maps").read_text()
        links = tab.page.get_by_test_id("stSidebarNav").get_by_role("link").all_inner_texts()
        for step in STEPS:
            go(tab.page, say(f"pages.{step}.title"))
        away, listened = asked(home)
        return {
            "seconds": seconds,
            "job": words,
            "links": links,
            "ahead": ahead,
            "errors": tab.errors,
            "foreign": tab.foreign,
            "connected": sorted(watch.foreign),
            "asked": sorted(away),
            "local": watch.local,
            "listened": listened,
            "processes": watch.processes,
        }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
