"""What the pages show: logged with a stock client, as a team would have left it."""

import math
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

RUNS = 5
STEPS = 40
LONG = 5000
MANY = 1000
HTML = "<!doctype html><h1 id=report>A report</h1><script>document.title = 'ran'; report.textContent += ' ran'</script>"
PIXELS = (32, 48, 3)


@dataclass
class Seed:
    """The ids of what was logged."""

    experiment: str
    runs: list[str] = field(default_factory=list)
    child: str = ""
    model: str = ""
    logged_model: str = ""
    prompt: str = ""
    many: str = ""


def seed(name: str) -> Seed:
    """Logs runs, artifacts, models and a prompt whose names start with `name`."""
    client = MlflowClient()
    experiment = client.create_experiment(f"{name}-experiment", tags={"mlflow.experimentKind": "custom_model_development"})
    seeded = Seed(experiment, model=f"{name}-model")
    mlflow.set_experiment(experiment_id=experiment)
    for number in range(RUNS):
        with mlflow.start_run(run_name=f"run-{number}") as run:
            _log(number)
            seeded.runs.append(run.info.run_id)
            if number == RUNS - 1:
                _log_a_long_curve(run.info.run_id)
            if number == 0:
                _log_artifacts()
                with mlflow.start_run(run_name="child", nested=True) as child:
                    mlflow.log_metric("loss", 0.25)
                    seeded.child = child.info.run_id
    seeded.logged_model = _models(client, seeded)
    if hasattr(mlflow, "genai") and hasattr(mlflow.genai, "register_prompt"):
        seeded.prompt = f"{name}-prompt"
        mlflow.genai.register_prompt(seeded.prompt, "Summarise {{text}} in one sentence.")
    return seeded


def _log(number: int) -> None:
    mlflow.log_params({"lr": 0.1 / (number + 1), "layers": number, "optimizer": "adam" if number % 2 else "sgd"})
    mlflow.set_tags({"team": "vision", "note": "<img src=x onerror=alert(1)>"})
    points = [Metric("loss", math.exp(-step / 10) + number / 10, 1_700_000_000_000 + step, step) for step in range(STEPS)]
    points += [Metric("accuracy", 0.5 + number / 10, 1_700_000_000_000, 0), Metric("broken", math.nan, 1_700_000_000_000, 0)]
    MlflowClient().log_batch(mlflow.active_run().info.run_id, points)


def _log_a_long_curve(run: str) -> None:
    points = [Metric("curve", math.sin(step / 100), 1_700_000_000_000 + step, step) for step in range(LONG)]
    for first in range(0, LONG, 1000):
        MlflowClient().log_batch(run, points[first : first + 1000])


def _log_artifacts() -> None:
    import numpy
    import pandas

    frame = pandas.DataFrame({"city": ["Oslo", "Lima"], "inhabitants": [709_000, 10_092_000]})
    mlflow.log_input(mlflow.data.from_pandas(frame, name="cities"), context="training")
    mlflow.log_text("the first line\nthe second line\n", "notes/readme.txt")
    mlflow.log_text(HTML, "report.html")
    mlflow.log_dict({"answer": 42}, "config.json")
    mlflow.log_image(numpy.full(PIXELS, 200, dtype="uint8"), "pictures/grey.png")
    mlflow.log_table(frame, "cities.json")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cities.csv"
        frame.to_csv(path, index=False)
        mlflow.log_artifact(os.fspath(path))


def _models(client: MlflowClient, seeded: Seed) -> str:
    """Two versions of one registered model; the first comes from a model that a run logged."""
    import numpy
    from sklearn.linear_model import LinearRegression

    inputs = numpy.array([[1.0], [2.0]])
    with mlflow.start_run(run_id=seeded.runs[0]):
        logged = mlflow.sklearn.log_model(
            LinearRegression().fit(inputs, [1.0, 2.0]), name="line", input_example=inputs, registered_model_name=seeded.model
        )
    client.create_model_version(seeded.model, f"runs:/{seeded.runs[1]}/nothing", seeded.runs[1], description="by hand")
    client.update_registered_model(seeded.model, "What it is **for**.")
    client.set_registered_model_alias(seeded.model, "champion", "1")
    client.set_model_version_tag(seeded.model, "1", "validated", "yes")
    return getattr(logged, "model_id", "") or ""


def many_runs(name: str) -> str:
    """An experiment of a thousand runs, the first one oldest."""
    client = MlflowClient()
    experiment = client.create_experiment(f"{name}-many", tags={"mlflow.experimentKind": "custom_model_development"})
    for number in range(MANY):
        run = client.create_run(experiment, start_time=1_700_000_000_000 + number * 1000, run_name=f"many-{number:04}")
        client.log_batch(
            run.info.run_id,
            [Metric("score", number, 1_700_000_000_000, 0)],
            [Param("half", str(number // 2))],
            [RunTag("parity", "even" if number % 2 == 0 else "odd")],
        )
    return experiment
