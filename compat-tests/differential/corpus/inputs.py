"""Dataset and model inputs, model outputs and the summary of an experiment's datasets."""

from differential.builders import EXPERIMENT, experiment, get_run, logged_model, pair, run
from differential.steps import case, of_wrong_types, post, without_each

RUN = [EXPERIMENT, run()]
SUMMARY = "/ajax-api/2.0/mlflow/experiments/search-datasets"


def dataset(name="train", digest="d1", tags=(), **rest):
    fields = {"name": name, "digest": digest, "source_type": "local", "source": "{}", **rest}
    fields = {key: value for key, value in fields.items() if value is not None}
    return {"dataset": fields, "tags": list(tags)}


def log(*datasets, run="run", **rest):
    return post("runs/log-inputs", {"run_id": f"<{run}>", "datasets": list(datasets), **rest})


def outputs(*models, **rest):
    return post("runs/outputs", {"run_id": "<run>", "models": list(models), **rest})


CONTEXT = pair("mlflow.data.context", "training")

CASES = [
    case("a dataset", *RUN, log(dataset(tags=[CONTEXT], schema='{"a": 1}', profile='{"rows": 2}')), get_run()),
    case("nothing", *RUN, log(), post("runs/log-inputs", run_id="<run>"), get_run()),
    case("several and repeated", *RUN, log(dataset(), dataset("test", "d2"), dataset()), log(dataset()), get_run()),
    case(
        "the first source and context win",
        *RUN,
        log(dataset(tags=[CONTEXT])),
        log(dataset(tags=[pair("mlflow.data.context", "eval")], source="other")),
        get_run(),
    ),
    case(
        "the same dataset on two runs",
        *RUN,
        run("two", "two"),
        log(dataset()),
        log(dataset(source="other"), run="two"),
        get_run(),
        get_run("two"),
    ),
    case(
        "parts missing",
        *RUN,
        *[log(dataset(**{gone: None})) for gone in ("name", "digest", "source_type", "source")],
        log({"tags": []}),
        log({}),
        get_run(),
    ),
    case(
        "parts empty",
        *RUN,
        *[log(dataset(**{gone: ""})) for gone in ("name", "digest", "source_type", "source")],
        get_run(),
    ),
    case(
        "tags without key or value",
        *RUN,
        log(dataset(tags=[{"key": "k"}])),
        log(dataset("b", tags=[{"value": "v"}])),
        get_run(),
    ),
    case(
        "the longest parts",
        *RUN,
        log(dataset("n" * 500, "d" * 36, [pair("k" * 255, "v" * 500)])),
        log(dataset(source="s" * 65535, digest="d2")),
        log(dataset(digest="d3", schema="s" * 1048575)),
        get_run(),
    ),
    case(
        "too long",
        *RUN,
        log(dataset("n" * 501)),
        log(dataset(digest="d" * 37)),
        log(dataset(tags=[pair("k" * 256, "v")])),
        log(dataset(tags=[pair("k", "v" * 501)])),
        log(dataset(source="s" * 65536)),
        log(dataset(schema="s" * 1048576)),
        get_run(),
    ),
    case(
        "runs: refused",
        *without_each(post, "runs/log-inputs", {"run_id": "x", "datasets": []}, ["run_id"]),
        post("runs/log-inputs", run_id="0" * 32, datasets=[dataset()]),
        post("runs/log-inputs", run_id="bad id", datasets=[dataset()]),
    ),
    case(
        "inputs of a wrong type",
        *RUN,
        *of_wrong_types(
            post, "runs/log-inputs", {"run_id": "<run>"}, {"run_id": "string", "datasets": "array", "models": "array"}
        ),
    ),
    case(
        "model inputs",
        *RUN,
        logged_model(),
        log(models=[{"model_id": "<model>"}]),
        log(models=[{"model_id": "<model>"}, {"model_id": "<model>"}]),
        get_run(),
        log(models=[{"model_id": "m-unknown"}]),
        log(models=[{}]),
        get_run(),
    ),
    case(
        "model outputs",
        *RUN,
        logged_model(),
        outputs({"model_id": "<model>", "step": 3}),
        get_run(),
        outputs({"model_id": "<model>", "step": 4}),
        outputs({"model_id": "<model>", "step": 3}),
        outputs({"model_id": "m-unknown", "step": 0}),
        get_run(),
    ),
    case(
        "model outputs: odd",
        *RUN,
        logged_model(),
        outputs(),
        outputs({}),
        outputs({"model_id": "<model>"}),
        get_run(),
        post("runs/outputs", run_id="<run>"),
        post("runs/outputs", {"models": []}),
        post("runs/outputs", run_id="0" * 32, models=[{"model_id": "x"}]),
    ),
    case(
        "outputs of a wrong type",
        *RUN,
        *of_wrong_types(
            post, "runs/outputs", {"run_id": "<run>", "models": []}, {"run_id": "string", "models": "array"}
        ),
    ),
    case(
        "a search leaves model inputs out",
        *RUN,
        logged_model(),
        log(dataset(), models=[{"model_id": "<model>"}]),
        outputs({"model_id": "<model>", "step": 1}),
        post("runs/search", experiment_ids=["<exp>"]),
    ),
    case(
        "summary",
        *RUN,
        run("two", "two"),
        log(dataset(tags=[CONTEXT]), dataset("test", "d2")),
        log(dataset(), run="two"),
        post(SUMMARY, experiment_ids=["<exp>"]),
    ),
    case(
        "summary: several experiments",
        *RUN,
        log(dataset()),
        experiment("-2", "other"),
        post(SUMMARY, experiment_ids=["<exp>", "<other>"]),
        post(SUMMARY, experiment_ids=["<other>"]),
    ),
    case(
        "summary: refused",
        post(SUMMARY, {}),
        post(SUMMARY, experiment_ids=[]),
        post(SUMMARY, experiment_ids=["1"] * 21),
        post(SUMMARY, experiment_ids=["987654321"]),
        post(SUMMARY, experiment_ids=["abc"]),
    ),
    case("summary of a wrong type", *[post(SUMMARY, experiment_ids=ids) for ids in ("x", 5, {}, [1])]),
]
