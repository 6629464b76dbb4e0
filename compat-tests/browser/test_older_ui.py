"""The UI of MLflow 2.22.5, which many teams still have open."""

from uuid import uuid4

import mlflow
import pytest
from browser.pages import query
from browser.test_journeys import (  # noqa: F401 - journeys that are the same in both UIs
    name_the_experiment,
    register_as_a_new_model,
    test_a_wrong_filter_is_explained,
    test_add_a_column,
    test_compare_five_runs_in_charts,
    test_delete_and_restore_a_run,
    test_edit_a_description_and_a_tag,
    test_find_a_run_by_a_filter,
    test_move_a_version_to_production,
    test_open_a_dataset,
    test_open_an_image_and_a_text,
    test_set_an_alias,
    test_sort_by_a_metric,
    test_unfold_a_run_that_has_children,
    test_walk_to_the_third_page,
)
from mlflow import MlflowClient
from mlflow.models import Model


@pytest.fixture
def page(page):
    """A page whose greeting of the model registry, shown to every new browser, is answered when it is in the way."""
    greeting = page.page.get_by_role("button", name="Try it now")
    page.page.add_locator_handler(greeting, lambda: greeting.click())
    return page


def pages(seed) -> dict[str, tuple]:
    experiment = f"experiments/{seed.experiment}"
    run = f"{experiment}/runs/{seed.runs[0]}"
    compared = query(runs=seed.runs, experiments=[seed.experiment])
    return {
        "experiment": (experiment, "run-4", "6 matching runs"),
        "chart": (f"{experiment}?compareRunsMode=CHART", "run-4", "loss"),
        "run": (run, "Run ID", "run-0", seed.model, "cities"),
        "run-metrics": (f"{run}/model-metrics", "loss", "accuracy"),
        "artifacts": (f"{run}/artifacts", "notes", "cities.csv"),
        "artifact": (f"{run}/artifacts/notes/readme.txt", "the second line"),
        "compare": (f"compare-runs?{compared}", "Comparing 5 Runs", "Show diff only"),
        "models": ("models", "Registered Models", seed.model),
        "model": (f"models/{seed.model}", "Version 2", "@ champion"),
        "version": (f"models/{seed.model}/versions/1", "validated", "Inputs (1)"),
        "prompts": ("prompts", "Prompts"),
    }


class _Names:
    experiment = model = ""
    runs = [""]


@pytest.mark.parametrize("name", list(pages(_Names)))
def test_page(page, seeded, name):
    page.open(*pages(seeded)[name])
    page.page.wait_for_timeout(300)


def test_create_an_experiment(page):
    page.open("", "New run")
    page.page.get_by_role("button", name="New Experiment").click()
    name_the_experiment(page)
    page.allowed.append("console: Fetch failed")  # this UI also says on the console that the name is not taken


def test_register_a_model_from_a_run(page):
    name = f"registered-{uuid4().hex[:6]}"
    experiment, run = log_a_model_as_before()
    page.open(f"experiments/{experiment}/runs/{run}", "Run ID")
    page.page.get_by_role("tab", name="Artifacts").click()
    page.sees("Make Predictions")  # the model is the first thing it opens
    page.page.get_by_role("button", name="Register model").last.click()  # the first is above the tabs
    register_as_a_new_model(page, name)
    page.sees("Model registered")
    page.page.get_by_role("link", name=f"{name}, v1").wait_for()
    version = MlflowClient().get_model_version(name, "1")
    assert version.run_id == run
    assert version.source.endswith(f"{run}/artifacts/line")


def log_a_model_as_before():
    """Logs a model as clients before 3 do, whose models are artifacts of a run; the UI of their time knows no others."""
    from sklearn.linear_model import LinearRegression

    client = MlflowClient()
    experiment = client.create_experiment(f"registering {uuid4().hex[:6]}")
    run = client.create_run(experiment).info.run_id
    model = LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0])
    Model._log_v2("line", mlflow.sklearn, run_id=run, sk_model=model, pip_requirements=["scikit-learn"])
    client.set_terminated(run)
    return experiment, run
