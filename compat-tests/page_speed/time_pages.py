"""Opens the pages in turns and prints a table of medians, in milliseconds."""

import json
import os
import statistics
import sys
import time
import urllib.request
from urllib.parse import quote

from playwright.sync_api import sync_playwright

CHROMIUM = os.environ.get("TIDEMILL_TEST_CHROMIUM", "/usr/bin/chromium")
DEADLINE = 300_000
CHART = ".js-plotly-plot .scatterlayer path.js-line, .js-plotly-plot .barlayer path"


def main(sites: dict[str, str], rounds: int) -> None:
    newest = {site: newest_runs(address) for site, address in sites.items()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        print("| page | " + " | ".join(sites) + " |\n| --- |" + " --- |" * len(sites))
        for page in pages(newest[next(iter(sites))], "1"):
            taken = {site: [] for site in sites}
            for _ in range(rounds):
                for site, address in sites.items():
                    path, drawn = pages(newest[site], "1")[page]
                    taken[site].append(visit(browser, f"{address}/#/{path}", drawn))
            print(f"| {page} | " + " | ".join(f"{statistics.median(t) * 1000:,.0f}" for t in taken.values()) + " |", flush=True)
        browser.close()


def newest_runs(address: str) -> list[dict]:
    body = json.dumps({"experiment_ids": ["1"], "max_results": 5}).encode()
    request = urllib.request.Request(f"{address}/api/2.0/mlflow/runs/search", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return [run["info"] for run in json.load(answer)["runs"]]


def pages(newest: list[dict], experiment: str) -> dict[str, tuple[str, str]]:
    """The path of each page, and what is there when it is drawn."""
    first = newest[0]
    runs = f"experiments/{experiment}/runs"
    row = f"[role=row] >> text={first['run_name']}"
    compared = quote(json.dumps([run["run_id"] for run in newest]))
    by_metric = "&orderByKey=" + quote("metrics.`loss`")
    filtered = "&searchFilter=" + quote("metrics.loss < 0.02 and params.optimizer = 'adam' and tags.team = 'text'")
    return {
        "experiments": ("experiments", "text=speed"),
        "table of runs": (runs, row),
        "table of runs, sorted by a metric": (f"{runs}?{by_metric[1:]}", "[role=row] >> text=run-"),
        "table of runs, filtered": (f"{runs}?{filtered[1:]}", "[role=row] >> text=run-"),
        "charts of runs": (f"{runs}?compareRunsMode=CHART", CHART),
        "a run": (f"{runs}/{first['run_id']}", "text=About this run"),
        "charts of a run": (f"{runs}/{first['run_id']}/model-metrics", CHART),
        "five runs compared": (f"compare-runs?runs={compared}&experiments={quote(json.dumps([experiment]))}", "text=Show diff only"),
    }


def visit(browser, address: str, drawn: str) -> float:
    context = browser.new_context(viewport={"width": 1800, "height": 1000})
    page = context.new_page()
    began = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(drawn).locator("visible=true").first.wait_for(timeout=DEADLINE)
    taken = time.perf_counter() - began
    context.close()
    return taken


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), int(sys.argv[2]))
