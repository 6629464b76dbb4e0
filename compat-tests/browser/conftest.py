"""A browser, the data it looks at, and a watch over what goes wrong on a page."""

import os
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import sync_playwright

from browser.seed import many_runs, seed
from browser.watch import Watched
from harness.proxy import NAME

OUTPUT = Path(__file__).parent / ".output"
CHROMIUM = os.environ.get("TIDEMILL_TEST_CHROMIUM", "/usr/bin/chromium")
WINDOW = {"width": 1800, "height": 1000}


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root in containers.
        flags = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def seeded(pytestconfig):
    return seed(f"b{uuid4().hex[:6]}")


@pytest.fixture(scope="session")
def thousand_runs(pytestconfig):
    return many_runs(f"b{uuid4().hex[:6]}")


@pytest.fixture
def page(chromium, pytestconfig, request):
    """A page in a window of its own, which must end without an error."""
    context = chromium.new_context(viewport=WINDOW)
    address = pytestconfig.getoption("--ui-uri") or pytestconfig.getoption("--tracking-uri")
    watched = Watched(context.new_page(), address)
    yield watched
    folder = OUTPUT / pytestconfig.getoption("--server-kind") / (pytestconfig.getoption("--shots") or "")
    folder.mkdir(parents=True, exist_ok=True)
    watched.page.screenshot(path=folder / f"{request.node.name.removeprefix('test_')}.png")
    problems = watched.problems()
    context.close()
    assert not problems, problems
