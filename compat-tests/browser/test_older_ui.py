"""The UI of MLflow 2.22.5, which many teams still have open."""

import pytest
from browser.pages import query
from browser.test_journeys import (  # noqa: F401 - journeys that are the same in both UIs
    test_a_wrong_filter_is_explained,
    test_add_a_column,
    test_delete_and_restore_a_run,
    test_find_a_run_by_a_filter,
    test_open_a_dataset,
    test_open_an_image_and_a_text,
    test_sort_by_a_metric,
    test_unfold_a_run_that_has_children,
)


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
