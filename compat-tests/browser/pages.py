"""Every page of MLflow 3.17.2's UI, and what must be readable on it."""

import json
from urllib.parse import quote


def query(**values) -> str:
    return "&".join(f"{name}={quote(json.dumps(value))}" for name, value in values.items())


def pages(seed) -> dict[str, tuple]:
    """The path below `#/` and the texts to wait for, by the page's name."""
    experiment = f"experiments/{seed.experiment}"
    run = f"{experiment}/runs/{seed.runs[0]}"
    logged = f"{experiment}/models/{seed.logged_model}"
    model = f"models/{seed.model}"
    compared = query(runs=seed.runs, experiments=[seed.experiment])
    metric = query(runs=seed.runs[:2], metric="loss", experiments=[seed.experiment], plot_metric_keys=["loss"])
    return {
        "home": ("", "Recent Experiments", "Default"),
        "experiments": ("experiments", "Time created", "Default"),
        "experiment": (experiment, "Overview", "Time Unit"),
        "experiment-overview": (f"{experiment}/overview/usage", "Tool calls", "Cost Breakdown"),
        "runs": (f"{experiment}/runs", "run-4", "Duration"),
        "runs-chart": (f"{experiment}/runs?compareRunsMode=CHART", "loss", "run-3 (loss)"),
        "experiment-traces": (f"{experiment}/traces", "Start tracing your LLM application"),
        "experiment-models": (f"{experiment}/models", "line", "Ready"),
        "evaluation-runs": (f"{experiment}/evaluation-runs", "run-2"),
        "datasets": (f"{experiment}/datasets", "Create dataset"),
        "judges": (f"{experiment}/judges", "judges"),
        "experiment-prompts": (f"{experiment}/prompts", "Create prompt"),
        "chat-sessions": (f"{experiment}/chat-sessions", "has moved to the Traces tab"),
        "review-queue": (f"{experiment}/review-queue", "Manage questions", "New queue"),
        "playground": (f"{experiment}/playground", "Clear conversation"),
        "run": (run, "About this run", "run-0", "cities", "child", seed.model, "<img src=x onerror=alert(1)>"),
        "run-metrics": (f"{run}/model-metrics", "loss", "accuracy", "run-0 (loss)"),
        "run-long-curve": (f"{experiment}/runs/{seed.runs[-1]}/model-metrics", "curve", "run-4 (curve)"),
        "run-system-metrics": (f"{run}/system-metrics", "No charts in this section"),
        "run-artifacts": (f"{run}/artifacts", "notes", "cities.csv", "Select a file to preview"),
        "run-traces": (f"{run}/traces", "No traces found"),
        "artifact-text": (f"{run}/artifacts/notes/readme.txt", "the second line"),
        "artifact-json": (f"{run}/artifacts/config.json", "answer"),
        "artifact-table": (f"{run}/artifacts/cities.json", "Oslo", "10092000"),
        "artifact-csv": (f"{run}/artifacts/cities.csv", "Previewing the first 2 rows", "Lima"),
        "artifact-image": (f"{run}/artifacts/pictures/grey.png", "pictures/grey.png"),
        "artifact-html": (f"{run}/artifacts/report.html", "report.html"),
        "compare-runs": (f"compare-runs?{compared}", "Comparing 5 Runs", "Show diff only", "0.32"),
        "metric": (f"metric?{metric}", "Relative Time", "(step=39)"),
        "logged-model": (logged, "About this logged model", "Ready", "run-0"),
        "logged-model-artifacts": (f"{logged}/artifacts", "MLmodel", "Select a file to preview"),
        "logged-model-traces": (f"{logged}/traces", "Start tracing your LLM application"),
        "models": ("models", "Registered Models", seed.model),
        "model": (model, "Version 2", "@ champion", "by hand"),
        "version": (f"{model}/versions/1", "@ champion", "validated", "Inputs (1)", "run-0"),
        "prompts": ("prompts", seed.prompt, "Version 1"),
        "prompt": (f"prompts/{seed.prompt}", "Viewing version 1", "in one sentence."),
        "settings": ("settings", "Theme preference"),
        "settings-general": ("settings/general", "Theme preference"),
        "settings-llm-connections": ("settings/llm-connections", "No API keys created"),
        "settings-webhooks": ("settings/webhooks", "No webhooks configured"),
        "mcp-registry": ("mcp-registry", "Create MCP server"),
    }


class _Names:
    experiment = logged_model = model = prompt = ""
    runs = [""]


NAMES = list(pages(_Names))

# Pages of the gateway; the UI has them where the server has one.
GATEWAY = ["gateway", "gateway/endpoints/create", "gateway/budgets", "gateway/usage", "gateway/api-keys"]
