"""What people do in the UI, by clicking."""

import re
from uuid import uuid4

import pytest
from mlflow import MlflowClient

pytestmark = pytest.mark.elsewhere


def run_names(page):
    """The names in the table of runs, from top to bottom."""
    links = page.page.locator("[role=row] a[href*='/runs/']").locator("visible=true")
    return [text.strip() for text in links.all_inner_texts() if text.strip()]


def wait_for_runs(page, expected):
    page.page.wait_for_function(
        """expected => {
            const links = [...document.querySelectorAll("[role=row] a[href*='/runs/']")].filter(a => a.offsetParent);
            return JSON.stringify(links.map(a => a.innerText.trim()).filter(Boolean)) === JSON.stringify(expected);
        }""",
        arg=expected,
    )


def test_create_an_experiment(page):
    name = f"made by hand {uuid4().hex[:6]}"
    page.open("experiments", "Time created")
    page.page.get_by_role("button", name="Create", exact=True).click()
    page.page.get_by_placeholder("Input an experiment name").fill(name)
    page.page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).click()
    page.sees(name)
    assert MlflowClient().get_experiment_by_name(name) is not None


def test_find_a_run_by_a_filter(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    box = page.page.get_by_placeholder(re.compile("metrics.rmse"))
    box.fill("metrics.accuracy > 0.75 and params.optimizer = 'adam'")
    box.press("Enter")
    wait_for_runs(page, ["run-3"])


def test_a_wrong_filter_is_explained(page, seeded):
    page.allowed = ["400: POST", "console:"]
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    box = page.page.get_by_placeholder(re.compile("metrics.rmse"))
    box.fill("metrics.accuracy >")
    box.press("Enter")
    page.sees("Invalid")


def test_sort_by_a_metric(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    page.page.get_by_role("button", name=re.compile("^Sort")).click()
    page.page.get_by_placeholder("Search").last.fill("accuracy")
    page.page.get_by_role("menuitem", name="accuracy").or_(page.page.get_by_text("accuracy", exact=True)).last.click()
    wait_for_runs(page, ["run-4", "run-3", "run-2", "run-1", "run-0"])


def test_add_a_column(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    page.page.get_by_role("button", name="Columns").click()
    page.page.get_by_placeholder("Search columns").fill("optimizer")
    page.page.get_by_text("optimizer", exact=True).last.click()
    page.sees("sgd", exact=True)


def test_compare_five_runs_in_charts(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    page.page.get_by_role("checkbox").first.check()
    page.page.get_by_role("button", name="Compare").click()
    page.sees("Comparing 5 Runs")
    page.sees("run-0")


def test_open_an_image_and_a_text(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs/{seeded.runs[0]}/artifacts", "pictures")
    page.page.get_by_text("pictures", exact=True).click()
    page.page.get_by_text("grey.png", exact=True).click()
    image = page.page.locator("img[src^='blob:'], img[src*='get-artifact'], .image-outer-container img").first
    image.wait_for()
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 48
    page.page.get_by_text("notes", exact=True).click()
    page.page.get_by_text("readme.txt", exact=True).click()
    page.sees("the second line")


def test_register_a_model_from_a_run(page, seeded):
    name = f"registered-{uuid4().hex[:6]}"
    page.open(f"experiments/{seeded.experiment}/models/{seeded.logged_model}", "About this logged model")
    page.page.get_by_role("button", name="Register model").click()
    page.page.get_by_role("combobox").last.click()
    page.page.get_by_text("Create New Model").click()
    page.page.get_by_placeholder("Input a model name").fill(name)
    page.page.get_by_role("dialog").get_by_role("button", name="Register").click()
    page.sees(name)
    assert MlflowClient().get_model_version(name, "1").run_id == seeded.runs[0]


def test_edit_a_description_and_a_tag(page, seeded):
    run = seeded.runs[2]
    page.open(f"experiments/{seeded.experiment}/runs/{run}", "About this run", "No description")
    page.page.get_by_role("button", name=re.compile("edit description|Edit", re.IGNORECASE)).first.click()
    page.page.locator("textarea").last.fill("What it was **about**.")
    page.page.get_by_role("button", name="Save").click()
    page.sees("What it was")
    assert MlflowClient().get_run(run).data.tags["mlflow.note.content"] == "What it was **about**."


def test_delete_and_restore_a_run(page, seeded):
    client = MlflowClient()
    run = client.create_run(seeded.experiment, run_name="to be deleted").info.run_id
    client.set_terminated(run)
    page.open(f"experiments/{seeded.experiment}/runs", "to be deleted")
    page.page.get_by_role("row", name=re.compile("to be deleted")).get_by_role("checkbox").check()
    page.page.get_by_role("button", name="Delete").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.page.get_by_text("to be deleted").wait_for(state="detached")
    assert client.get_run(run).info.lifecycle_stage == "deleted"


def test_walk_to_the_third_page(page, thousand_runs):
    page.open(f"experiments/{thousand_runs}/runs", "many-0999")
    for _ in range(2):
        page.page.get_by_role("button", name="Load more").click()
    page.page.get_by_text("many-0750").wait_for(state="attached")
