"""The pictures of the documentation: every page of the demo, light and dark, from one command.

python -m tests.browser.screenshots [--home FOLDER]
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from audit.settings import STEPS
from tests.browser.demo import audited_demo
from tests.browser.server import ROOT, chromium, painted, serving, visit

FOLDER = ROOT / "docs" / "screenshots"
WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 1280, 900, 1600
LARGEST = 200_000
"""Bytes of a picture; a larger one is kept in 256 colours."""


def main(arguments: list[str]) -> int:
    """Audit the demo (or take it from --home, audited before) and write two pictures a page."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("--home", type=Path, help="a workspace whose demo is audited already")
    home = parser.parse_args(arguments).home
    with tempfile.TemporaryDirectory() as folder:
        if home is None:
            home = Path(folder)
            audited_demo(home)
        with serving(home) as server, chromium() as browser:
            for step in STEPS:
                for dark in (False, True):
                    print(_keep(step, dark, _picture(browser, server.url, step, dark)))
    return 0


def _picture(browser: Browser, url: str, step: str, dark: bool) -> bytes:
    """The page as high as it is, up to MOST_HEIGHT."""
    page = visit(browser, f"{url}/{'' if step == 'data' else step}", dark, WIDTH, LEAST_HEIGHT).page
    page.get_by_role("heading", level=1).wait_for()
    painted(page)
    page.set_viewport_size({"width": WIDTH, "height": min(MOST_HEIGHT, max(LEAST_HEIGHT, _height(page)))})
    painted(page)
    taken = page.screenshot(animations="disabled")
    page.context.close()
    return taken


def _height(page: Page) -> int:
    return int(page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight"))


def _keep(step: str, dark: bool, png: bytes) -> str:
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{step}-{'dark' if dark else 'light'}.png"
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > LARGEST:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    return f"{path.relative_to(ROOT)}  {path.stat().st_size / 1000:.0f} kB"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
