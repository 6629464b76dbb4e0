"""Each page loads: what it is about can be read, and nothing went wrong on the way."""

import pytest
from browser.pages import NAMES, pages


@pytest.mark.parametrize("name", NAMES)
def test_page(page, seeded, name):
    page.open(*pages(seeded)[name])
    page.page.wait_for_timeout(300)  # what a page asks for after it is drawn


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
