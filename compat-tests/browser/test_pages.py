"""Each page loads: what it is about can be read, and nothing went wrong on the way."""

import pytest
import requests
from browser.pages import GATEWAY, NAMES, pages


@pytest.mark.parametrize("name", NAMES)
def test_page(page, seeded, name, pytestconfig):
    if name == "compare-runs" and pytestconfig.getoption("--server-kind") == "mlflow":
        # The UI fails when the answer for a run with files comes before one without any.
        page.allowed = ["reading 'includes'", "went wrong with this section"]
    page.open(*pages(seeded)[name])
    page.page.wait_for_timeout(300)  # what a page asks for after it is drawn


@pytest.mark.parametrize("path", GATEWAY)
def test_gateway_page(page, server, path):
    """Where there is no gateway, nothing leads to it."""
    info = requests.get(f"{server}/ajax-api/3.0/mlflow/server-info", timeout=10).json()
    if info["features_enabled"]["gateway"]:
        page.open(path, "Gateway")
        return
    page.allowed = ["Page Not Found"]
    page.open(path, "Page Not Found")
    assert page.page.get_by_role("link", name="AI Gateway").count() == 0


def test_a_trace_that_is_not_there(page, seeded):
    """The UI says so itself; the answer is a 404 that it understands."""
    page.allowed = ["404: GET"]
    page.open(f"experiments/{seeded.experiment}/traces/tr-0123", "Trace")


def test_html_artifact_runs_in_a_frame_of_its_own(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs/{seeded.runs[0]}/artifacts/report.html")
    frame = page.page.frame_locator("iframe#html")
    frame.get_by_text("A report ran").wait_for()
    assert page.page.title() != "ran"
    assert "allow-same-origin" not in (page.page.locator("iframe#html").get_attribute("sandbox") or "")
