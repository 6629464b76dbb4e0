"""Steps that most cases open with."""

from .steps import get, post

EXPERIMENT = post("experiments/create", name="<u>").keep(exp="experiment_id")


def experiment(suffix="", keep="exp", **rest):
    return post("experiments/create", name=f"<u>{suffix}", **rest).keep(**{keep: "experiment_id"})


def run(name="one", keep="run", start_time=1000, **rest):
    made = post("runs/create", experiment_id="<exp>", run_name=name, start_time=start_time, **rest)
    return made.keep(**{keep: "run.info.run_id"})


def get_run(keep="run"):
    return get("runs/get", run_id=f"<{keep}>")


def log_metric(key, value, timestamp=1, step=0, run="run", **rest):
    point = {"key": key, "value": value, "timestamp": timestamp, "step": step}
    return post("runs/log-metric", {"run_id": f"<{run}>", **point, **rest})


def batch(run="run", **parts):
    return post("runs/log-batch", {"run_id": f"<{run}>", **parts})


def metric(key, value, timestamp=1, step=0):
    return {"key": key, "value": value, "timestamp": timestamp, "step": step}


def pair(key, value):
    return {"key": key, "value": value}


def model(suffix="", **rest):
    return post("registered-models/create", name=f"<u>{suffix}", **rest)


def version(suffix="", run="run", **rest):
    source = f"mlflow-artifacts:/<exp>/<{run}>/artifacts/model"
    return post("model-versions/create", {"name": f"<u>{suffix}", "source": source, "run_id": f"<{run}>", **rest})


def logged_model(name="m", keep="model", **rest):
    made = post("logged-models", experiment_id="<exp>", name=name, **rest)
    return made.keep(**{keep: "model.info.model_id"})
