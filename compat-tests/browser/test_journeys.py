"""What people do in the UI, by clicking."""

import re
from uuid import uuid4

from mlflow import MlflowClient


def wait_for_runs(page, expected):
    """Waits until the table shows these runs, from top to bottom; its rows are in any order in the page."""
    page.page.wait_for_function(
        """expected => {
            const links = [...document.querySelectorAll("[role=row][row-index] a[href*='/runs/']")];
            const row = link => Number(link.closest("[row-index]").getAttribute("row-index"));
            const shown = links.filter(link => link.offsetParent).sort((a, b) => row(a) - row(b));
            return JSON.stringify(shown.map(link => link.innerText.trim())) === JSON.stringify(expected);
        }""",
        arg=expected,
    )


def test_create_an_experiment(page):
    page.open("experiments", "Time created")
    page.page.get_by_role("button", name="Create", exact=True).click()
    name_the_experiment(page)


def name_the_experiment(page):
    """Fills in the form for a new experiment and sends it."""
    page.allowed = ["404: GET", "experiments/get-by-name"]  # the form asks whether the name is taken
    name = f"made by hand {uuid4().hex[:6]}"
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
    page.page.get_by_placeholder("Search").last.fill("loss")
    page.page.get_by_text("loss", exact=True).last.click()
    wait_for_runs(page, ["run-4", "run-3", "child", "run-2", "run-1", "run-0"])


def test_add_a_column(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    page.page.get_by_test_id("column-selection-dropdown").first.click()
    page.page.get_by_placeholder("Search columns").fill("optimizer")
    page.page.get_by_text("optimizer", exact=True).last.click()
    page.sees("sgd", exact=True)


def test_unfold_a_run_that_has_children(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-0")
    assert page.page.get_by_text("child", exact=True).count() == 0
    page.page.locator("[role=row][row-index='4'] button").first.click()
    page.sees("child", exact=True)


def test_open_a_dataset(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-0", "cities (")
    page.page.get_by_text("cities (").first.click()
    page.page.get_by_role("dialog").get_by_text("inhabitants").first.wait_for()


def test_compare_five_runs_in_charts(page, seeded):
    page.open(f"experiments/{seeded.experiment}/runs", "run-4")
    page.page.get_by_role("checkbox", name="Select all runs").check()
    page.page.get_by_role("button", name="Compare").click()
    page.sees("Comparing 5 Runs")
    for run in seeded.runs:
        page.sees(f"{MlflowClient().get_run(run).data.metrics['loss']:.2f}", exact=True)
    page.page.locator(".js-plotly-plot").locator("visible=true").first.wait_for()
    page.open(f"experiments/{seeded.experiment}/runs?compareRunsMode=CHART")
    for number in range(5):
        page.sees(f"run-{number} (loss)")


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
    register_as_a_new_model(page, name)
    page.sees("+1", exact=True)  # beside the version that was registered before
    assert MlflowClient().get_model_version(name, "1").run_id == seeded.runs[0]


def register_as_a_new_model(page, name):
    """Fills in the form for a model version and sends it."""
    page.page.get_by_role("combobox").last.click()
    page.page.get_by_text("Create New Model", exact=True).click()
    page.page.get_by_placeholder("Input a model name").fill(name)
    page.page.get_by_role("dialog").get_by_role("button", name="Register").click()
    page.page.get_by_role("dialog").wait_for(state="detached")


def test_move_a_version_to_production(page, seeded):
    page.open(f"models/{seeded.model}/versions/1", "validated")
    page.page.get_by_role("switch").last.click()
    page.page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    page.page.get_by_text("None", exact=True).last.click()
    page.page.get_by_text("Transition to").locator("visible=true").nth(1).click()
    page.page.get_by_role("dialog").get_by_role("button", name="OK").click()
    page.page.get_by_role("dialog").wait_for(state="detached")
    page.sees("Production")
    assert MlflowClient().get_model_version(seeded.model, "1").current_stage == "Production"


def test_set_an_alias(page, seeded):
    page.open(f"models/{seeded.model}", "by hand", "@ champion")
    row = page.page.get_by_role("row").filter(has_text="Version 2")
    row.get_by_role("button", name="Add").last.click()
    page.page.get_by_role("dialog").get_by_role("combobox").fill("challenger")
    # Before the list has it, Enter chooses nothing.
    page.page.get_by_role("option", name="challenger").first.wait_for(state="attached")
    page.page.keyboard.press("Enter")
    page.page.get_by_role("dialog").get_by_role("button", name=re.compile("Save")).click()
    page.page.get_by_role("dialog").wait_for(state="detached")
    # The table of the newer UI shows it only when the page is loaded again, with MLflow's server too.
    page.page.reload()
    page.sees("@ challenger")
    assert MlflowClient().get_model_version_by_alias(seeded.model, "challenger").version == "2"


def test_edit_a_description_and_a_tag(page, seeded):
    run = seeded.runs[2]
    page.open(f"experiments/{seeded.experiment}/runs/{run}", "No description")
    page.page.get_by_role("button", name="Edit description").click()
    page.page.locator("textarea").first.fill("What it was **about**.")
    page.page.get_by_role("button", name="Save").click()
    page.sees("What it was")
    page.page.get_by_role("button", name="Edit tags").click()
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_role("combobox").fill("reviewed")
    page.page.get_by_role("option", name="reviewed").first.wait_for(state="attached")
    page.page.keyboard.press("Enter")
    dialog.get_by_role("textbox").last.fill("yes")
    page.page.keyboard.press("Enter")
    dialog.get_by_role("button", name=re.compile("Save")).click()
    dialog.wait_for(state="detached")
    page.sees("reviewed")
    tags = MlflowClient().get_run(run).data.tags
    assert tags["mlflow.note.content"] == "What it was **about**."
    assert tags["reviewed"] == "yes"


def test_delete_and_restore_a_run(page):
    client = MlflowClient()
    experiment = client.create_experiment(f"deleting {uuid4().hex[:6]}")
    run = client.create_run(experiment, run_name="to be deleted").info.run_id
    client.set_terminated(run)
    page.open(f"experiments/{experiment}/runs", "to be deleted")
    select_run(page, "to be deleted")
    page.page.get_by_role("button", name="Delete").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.page.get_by_text("to be deleted").first.wait_for(state="detached")
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    page.page.get_by_role("combobox").or_(page.page.get_by_role("button")).filter(has_text="State").first.click()
    page.page.get_by_text("Deleted", exact=True).last.click()
    page.sees("to be deleted")
    select_run(page, "to be deleted")
    page.page.get_by_role("button", name="Restore").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    page.page.get_by_text("to be deleted").first.wait_for(state="detached")
    assert client.get_run(run).info.lifecycle_stage == "active"


def select_run(page, name):
    row = page.page.locator("[role=row]").filter(has_text=name).first
    number = row.get_attribute("row-index")
    page.page.locator(f"[role=row][row-index='{number}'] input[type=checkbox]").first.check()


def test_walk_to_the_third_page(page, thousand_runs):
    page.open(f"experiments/{thousand_runs}/runs", "many-0999")
    runs = [run.info.run_name for run in MlflowClient().search_runs([thousand_runs], max_results=300)]
    assert runs[99::100] == ["many-0900", "many-0800", "many-0700"]
    for last in runs[99::100]:
        scroll_to(page, last)
        if last != runs[-1]:
            scroll_to(page, "Load more")
            page.page.get_by_role("button", name="Load more").click()


def scroll_to(page, text):
    """Turns the wheel over the table until the text is there; the table draws only what is seen."""
    page.page.mouse.move(600, 600)
    for _ in range(60):
        if page.page.get_by_text(text, exact=True).locator("visible=true").count():
            return
        page.page.mouse.wheel(0, 400)
        page.page.wait_for_timeout(60)
    raise AssertionError(f"{text} does not appear")
