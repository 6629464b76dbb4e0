"""Runs: create, get, update, delete, restore, params, tags, batches."""

from differential.builders import EXPERIMENT, batch, experiment, get_run, metric, pair, run
from differential.steps import case, get, of_wrong_types, post, raw, without_each

RUN = [EXPERIMENT, run()]


def create(**fields):
    return post("runs/create", {"experiment_id": "<exp>", **fields})


def param(key, value="v", **rest):
    return post("runs/log-parameter", {"run_id": "<run>", "key": key, "value": value, **rest})


def tag(key, value="v", **rest):
    return post("runs/set-tag", {"run_id": "<run>", "key": key, "value": value, **rest})


def update(**fields):
    return post("runs/update", {"run_id": "<run>", **fields})


def log_model(model_json, **rest):
    return post("runs/log-model", {"run_id": "<run>", "model_json": model_json, **rest})


BAD_KEYS = (
    "../up",
    "/abs",
    "a//b",
    "a#b",
    "a?b",
    ".",
    "..",
    "a/../b",
    "a/",
    "./a",
    "k" * 251,
    "a\nb",
    "a;b",
    "a'b",
    "a\u0000b",
)
GOOD_KEYS = ("a", "a/b", "a.b-c_d e:f", "ü", "日本", "k" * 250, "a..b", "-", " ")
RUN_ROUTES = {
    "runs/delete": {},
    "runs/restore": {},
    "runs/update": {"status": "FINISHED"},
    "runs/log-parameter": {"key": "k", "value": "v"},
    "runs/set-tag": {"key": "k", "value": "v"},
    "runs/delete-tag": {"key": "k"},
    "runs/log-metric": {"key": "k", "value": 1.0, "timestamp": 1},
    "runs/log-batch": {"metrics": [metric("a", 1.0)]},
    "runs/log-inputs": {},
    "runs/log-model": {"model_json": "{}"},
}

CASES = [
    case(
        "create and get",
        EXPERIMENT,
        create(start_time=1000, run_name="n").keep(run="run.info.run_id"),
        get_run(),
        get("runs/get", run_uuid="<run>"),
    ),
    case("create: without a name", EXPERIMENT, create(start_time=5).keep(run="run.info.run_id"), get_run()),
    case("create: nothing given", EXPERIMENT, create()),
    case("create: user", EXPERIMENT, create(user_id="ann", start_time=7, run_name="x")),
    case(
        "create: without an experiment",
        post("runs/create", {}),
        post("runs/create", {"run_name": "x"}),
        post("runs/create", {"experiment_id": ""}),
        post("runs/create", {"experiment_id": None}),
    ),
    case("create: in experiment 0", post("runs/create", experiment_id="0", run_name="x", start_time=1)),
    case(
        "create: unknown experiment",
        post("runs/create", experiment_id="987654321", run_name="x"),
        post("runs/create", experiment_id="abc"),
        post("runs/create", experiment_id="1.5"),
    ),
    case(
        "create: in a deleted experiment",
        EXPERIMENT,
        post("experiments/delete", experiment_id="<exp>"),
        create(run_name="x"),
    ),
    case(
        "create: tags",
        EXPERIMENT,
        create(
            run_name="x",
            start_time=1,
            tags=[pair("a", "1"), pair("mlflow.user", "ann"), pair("../odd key#", "unchecked")],
        ).keep(run="run.info.run_id"),
        get_run(),
    ),
    case("create: duplicate tags", EXPERIMENT, create(run_name="x", tags=[pair("a", "1"), pair("a", "2")])),
    case("create: name only as a tag", EXPERIMENT, create(start_time=1, tags=[pair("mlflow.runName", "tagged")])),
    case(
        "create: name and tag agree", EXPERIMENT, create(start_time=1, run_name="x", tags=[pair("mlflow.runName", "x")])
    ),
    case("create: name and tag conflict", EXPERIMENT, create(run_name="x", tags=[pair("mlflow.runName", "y")])),
    case(
        "create: a tag without key or value",
        EXPERIMENT,
        create(run_name="x", start_time=1, tags=[{"value": "v"}]).keep(run="run.info.run_id"),
        get_run(),
        create(run_name="y", start_time=1, tags=[{"key": "k"}]),
    ),
    case(
        "create: long values",
        EXPERIMENT,
        create(start_time=1, run_name="n" * 250),
        create(start_time=1, run_name="x", tags=[pair("k", "v" * 8001)]),
    ),
    case(
        "create: times",
        EXPERIMENT,
        *[create(run_name="x", start_time=t) for t in (0, -1, 1, "5", 3.0, 9007199254740993, 9223372036854775807)],
    ),
    case(
        "create of a wrong type",
        EXPERIMENT,
        *of_wrong_types(
            post,
            "runs/create",
            {"experiment_id": "<exp>", "run_name": "x", "start_time": 1},
            {
                "experiment_id": "string",
                "run_name": "string",
                "start_time": "int",
                "tags": "array",
                "user_id": "string",
            },
        ),
    ),
    case(
        "create of a wrong type: later fields",
        EXPERIMENT,
        create(user_id=5, run_name="lost"),
        create(start_time=1.5, run_name="lost"),
    ),
    case(
        "get: refused",
        get("runs/get"),
        get("runs/get", run_id=""),
        get("runs/get", run_id="0" * 32),
        get("runs/get", run_id="../x"),
        get("runs/get", run_id="x" * 300),
        get("runs/get", runId="<u>"),
    ),
    case(
        "update: status, end and name",
        *RUN,
        update(status="FINISHED", end_time=5000),
        get_run(),
        update(status="RUNNING"),
        update(run_name="renamed"),
        get_run(),
        update(status="FAILED", end_time=0),
        update(status="KILLED", end_time=-5),
        update(status="SCHEDULED"),
    ),
    case("update: nothing", *RUN, update(), get_run()),
    case(
        "update: odd",
        *RUN,
        update(run_name=""),
        update(run_name="x" * 300),
        update(status="finished"),
        update(status="BOGUS"),
        update(status=3),
        update(status=99),
        update(status=""),
        get_run(),
    ),
    case(
        "update of a wrong type",
        *RUN,
        *of_wrong_types(
            post, "runs/update", {"run_id": "<run>"}, {"status": "array", "end_time": "int", "run_name": "string"}
        ),
    ),
    case("update: a deleted run", *RUN, post("runs/delete", run_id="<run>"), update(run_name="x")),
    case(
        "renaming changes the tag and the tag the name",
        *RUN,
        tag("mlflow.runName", "by tag"),
        get_run(),
        update(run_name="by update"),
        get_run(),
        post("runs/delete-tag", run_id="<run>", key="mlflow.runName"),
        get_run(),
    ),
    case(
        "delete and restore twice",
        *RUN,
        *[post(f"runs/{verb}", run_id="<run>") for verb in ("restore", "delete", "delete", "restore", "restore")],
        get_run(),
    ),
    case(
        "a deleted run takes no writes",
        *RUN,
        post("runs/delete", run_id="<run>"),
        get_run(),
        *[
            post(path, {"run_id": "<run>", **fields})
            for path, fields in RUN_ROUTES.items()
            if "delete" not in path and "restore" not in path
        ],
    ),
    *[
        case(
            f"{path}: unknown or missing run",
            post(path, fields),
            *[post(path, {"run_id": r, **fields}) for r in ("", "0" * 32, "nope", "../x", "x y", "x" * 300)],
        )
        for path, fields in RUN_ROUTES.items()
    ],
    *[
        case(f"{path}: run_uuid", *RUN, tag("k"), post(path, {"run_uuid": "<run>", **fields}))
        for path, fields in RUN_ROUTES.items()
    ],
    case(
        "params",
        *RUN,
        param("a", "1"),
        param("ü", "größe ✓ 🚀"),
        param("empty", ""),
        post("runs/log-parameter", run_id="<run>", key="none"),
        get_run(),
    ),
    case("params: repeated and changed", *RUN, param("a", "1"), param("a", "1"), param("a", "2"), get_run()),
    case("params: keys", *RUN, *[param(k) for k in (*GOOD_KEYS, *BAD_KEYS)], get_run()),
    case(
        "params: long values are cut",
        *RUN,
        param("exact", "x" * 6000),
        param("long", "y" * 6001),
        param("long", "y" * 6002),
        param("wide", "ü" * 6500),
        get_run(),
    ),
    case(
        "params: refused",
        *RUN,
        *without_each(post, "runs/log-parameter", {"run_id": "<run>", "key": "k", "value": "v"}, ["run_id", "key"]),
    ),
    case(
        "params of a wrong type",
        *RUN,
        *of_wrong_types(
            post,
            "runs/log-parameter",
            {"run_id": "<run>", "key": "k", "value": "v"},
            {"run_id": "string", "key": "string", "value": "string"},
        ),
    ),
    case(
        "tags",
        *RUN,
        tag("a", "1"),
        tag("a", "2"),
        tag("empty", ""),
        post("runs/set-tag", run_id="<run>", key="none"),
        get_run(),
    ),
    case("tags: keys", *RUN, *[tag(k) for k in (*GOOD_KEYS, *BAD_KEYS)], get_run()),
    case("tags: long values are cut", *RUN, tag("exact", "x" * 8000), tag("long", "y" * 8001), get_run()),
    case(
        "tags: refused",
        *RUN,
        *without_each(post, "runs/set-tag", {"run_id": "<run>", "key": "k", "value": "v"}, ["run_id", "key"]),
    ),
    case(
        "tags of a wrong type",
        *RUN,
        *of_wrong_types(
            post,
            "runs/set-tag",
            {"run_id": "<run>", "key": "k", "value": "v"},
            {"run_id": "string", "key": "string", "value": "string"},
        ),
    ),
    case(
        "tags: deleted",
        *RUN,
        tag("a"),
        post("runs/delete-tag", run_id="<run>", key="a"),
        post("runs/delete-tag", run_id="<run>", key="a"),
        *without_each(post, "runs/delete-tag", {"run_id": "<run>", "key": "a"}, ["run_id", "key"]),
        get_run(),
    ),
    case(
        "batch: everything",
        *RUN,
        batch(
            metrics=[metric("m", 0.5, 10, 1), metric("m", 0.25, 20, 2)], params=[pair("p", "1")], tags=[pair("t", "1")]
        ),
        get_run(),
    ),
    case("batch: empty", *RUN, batch(), batch(metrics=[], params=[], tags=[]), get_run()),
    case("batch: the last of equal tags wins", *RUN, batch(tags=[pair("t", "1"), pair("t", "2")]), get_run()),
    case(
        "batch: equal params are refused",
        *RUN,
        batch(params=[pair("p", "1"), pair("p", "1")]),
        batch(params=[pair("p", "1"), pair("p", "2")]),
        get_run(),
    ),
    case(
        "batch: a changed param",
        *RUN,
        batch(params=[pair("p", "1")]),
        batch(params=[pair("q", "1"), pair("p", "2")]),
        batch(params=[pair("p", "1"), pair("r", "1")]),
        get_run(),
    ),
    case(
        "batch: bad keys",
        *RUN,
        *[
            batch(**{kind: [{"key": k, "value": 1 if kind == "metrics" else "v", "timestamp": 1}]})
            for kind in ("metrics", "params", "tags")
            for k in ("../up", "a//b", "k" * 251, "")
        ],
        get_run(),
    ),
    case(
        "batch: missing parts",
        *RUN,
        *[
            batch(metrics=[{k: v for k, v in metric("m", 1.0).items() if k != gone}])
            for gone in ("key", "value", "timestamp", "step")
        ],
        batch(params=[{"value": "v"}]),
        batch(params=[{"key": "noval"}]),
        batch(tags=[{"value": "v"}]),
        batch(tags=[{"key": "noval"}]),
        get_run(),
    ),
    case(
        "batch: one too many",
        *RUN,
        batch(metrics=[metric(f"m{i}", 1.0) for i in range(1001)]),
        batch(params=[pair(f"p{i}", "v") for i in range(101)]),
        batch(tags=[pair(f"t{i}", "v") for i in range(101)]),
        batch(metrics=[metric(f"m{i}", 1.0) for i in range(950)], params=[pair(f"p{i}", "v") for i in range(51)]),
        get_run(),
    ),
    case(
        "batch: the most",
        *RUN,
        batch(
            metrics=[metric(f"m{i}", float(i)) for i in range(800)],
            params=[pair(f"p{i}", "v") for i in range(100)],
            tags=[pair(f"t{i}", "v") for i in range(100)],
        ),
        get_run(),
    ),
    case(
        "batch: bad metric values",
        *RUN,
        *[
            batch(metrics=[metric("m", value)])
            for value in ("abc", None, [], {}, True, "0.5", "NaN", "Infinity", "-Infinity", "nan", "1e400")
        ],
        get_run(),
    ),
    case(
        "batch: bad metric times",
        *RUN,
        *[
            batch(metrics=[metric("m", 1.0, timestamp, step)])
            for timestamp, step in ((-1, 0), ("5", "6"), ("a", 0), (1, "a"), (None, 0), (1, -5))
        ],
        get_run(),
    ),
    case(
        "batch of a wrong type",
        *RUN,
        *of_wrong_types(
            post,
            "runs/log-batch",
            {"run_id": "<run>"},
            {"run_id": "string", "metrics": "array", "params": "array", "tags": "array"},
        ),
    ),
    case(
        "log-model",
        *RUN,
        log_model(
            '{"artifact_path": "model", "flavors": {"python_function": {}}, "utc_time_created": "2024-01-01", "run_id": "<run>"}'
        ),
        get_run(),
        log_model('{"artifact_path": "second", "flavors": {}, "utc_time_created": "2024-01-02", "run_id": "<run>"}'),
        get_run(),
    ),
    case(
        "log-model: refused",
        *RUN,
        *without_each(post, "runs/log-model", {"run_id": "<run>", "model_json": "{}"}, ["run_id", "model_json"]),
        log_model("not json"),
        log_model("{}"),
        log_model("[]"),
        log_model('{"artifact_path": "m"}'),
    ),
    case(
        "bodies of strange kinds",
        *[raw("POST", "runs/create", b, Content_Type="application/json") for b in ("", "{", "null")],
        raw("POST", "runs/create", "{}", Content_Type="application/x-www-form-urlencoded"),
        raw("POST", "runs/delete", b"\xff\xfe", Content_Type="application/json"),
    ),
    case("unknown experiments in two forms", experiment("-x"), get("runs/get", run_id="<exp>")),
]
