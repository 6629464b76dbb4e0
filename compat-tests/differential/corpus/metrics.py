"""Metrics: log-metric, the three history routes and what becomes of odd numbers."""

from differential.builders import EXPERIMENT, batch, get_run, log_metric, metric, run
from differential.steps import case, get, of_wrong_types, post, raw, without_each

RUN = [EXPERIMENT, run()]
HISTORY = get("metrics/get-history", run_id="<run>", metric_key="m")
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
INTERVAL = "metrics/get-history-bulk-interval"
POINT = {"run_id": "<run>", "key": "m", "value": 1.0, "timestamp": 1}


def history(**query):
    return get("metrics/get-history", {"run_id": "<run>", "metric_key": "m", **query})


def literal(text):
    """A log-metric whose value is this JSON text, also where that is not strict JSON."""
    body = '{"run_id": "<run>", "key": "m", "value": %s, "timestamp": 1, "step": 0}' % text
    return raw("POST", "runs/log-metric", body, Content_Type="application/json")


POINTS = batch(metrics=[metric("m", i / 4, 100 + i, i) for i in range(10)])
MANY = [
    batch(metrics=[metric("m", float(i), 1000 + i, i) for i in range(start, start + 1000)])
    for start in range(0, 3000, 1000)
]

CASES = [
    case(
        "log and read",
        *RUN,
        log_metric("m", 0.5, 10, 1),
        HISTORY,
        get_run(),
        get("metrics/get-history", run_uuid="<run>", metric_key="m"),
    ),
    case(
        "log: refused",
        *RUN,
        *without_each(post, "runs/log-metric", POINT, ["run_id", "key"]),
        *[post("runs/log-metric", {k: v for k, v in POINT.items() if k != gone}) for gone in ("value", "timestamp")],
        post("runs/log-metric", {**POINT, "value": None}),
        post("runs/log-metric", {**POINT, "timestamp": None}),
        post("runs/log-metric", {**POINT, "timestamp": -1}),
        post("runs/log-metric", {**POINT, "value": "abc"}),
        post("runs/log-metric", {**POINT, "value": ""}),
    ),
    case(
        "log of a wrong type",
        *RUN,
        *of_wrong_types(
            post,
            "runs/log-metric",
            POINT,
            {"run_id": "string", "key": "string", "timestamp": "int", "step": "int", "value": "array"},
        ),
    ),
    case("log: a zero", *RUN, post("runs/log-metric", {**POINT, "value": 0, "timestamp": 0, "step": 0}), HISTORY),
    *[
        case(f"numbers: {text}", *RUN, literal(text), HISTORY, get_run())
        for text in (
            '"NaN"',
            '"Infinity"',
            '"-Infinity"',
            "1e308",
            "5e-324",
            "1e-400",
            "-0.0",
            "0.1",
            "1",
            "123456789012345678",
            "true",
            '"0.5"',
            '"1e3"',
            "1e-7",
            "0.30000000000000004",
        )
    ],
    *[
        case(f"numbers of a wrong type: {text}", *RUN, literal(text))
        for text in ("1e309", "-1e309", "NaN", "Infinity", "-Infinity", "[]", "{}", '"abc"', '"inf"', '" 1 "')
    ],
    case(
        "times and steps",
        *RUN,
        *[
            log_metric("m", 1.0, t, s)
            for t, s in (
                (1, -5),
                ("7", "8"),
                (2.0, 3.0),
                (9007199254740993, 9223372036854775807),
                (3, -9223372036854775808),
            )
        ],
        HISTORY,
    ),
    case(
        "times and steps of a wrong type",
        *RUN,
        log_metric("m", 1.0, 1.5, 2),
        log_metric("m", 1.0, 1, 9223372036854775808),
    ),
    case(
        "the latest point: step, then time, then value",
        *RUN,
        log_metric("m", 3.0, 10, 2),
        log_metric("m", 9.0, 99, 1),
        get_run(),
        log_metric("m", 1.0, 11, 2),
        get_run(),
        log_metric("m", 2.0, 11, 2),
        get_run(),
        log_metric("m", 1.5, 11, 2),
        get_run(),
    ),
    case(
        "the latest point: NaN counts as zero",
        *RUN,
        log_metric("m", -1.0, 1, 0),
        log_metric("m", "NaN", 1, 0),
        get_run(),
        log_metric("m", 1.0, 1, 0),
        get_run(),
        HISTORY,
    ),
    case(
        "equal points are kept once",
        *RUN,
        log_metric("m", 1.0, 1, 1),
        log_metric("m", 1.0, 1, 1),
        batch(metrics=[metric("m", 1.0, 1, 1), metric("m", 2.0, 1, 1), metric("m", 2.0, 1, 1)]),
        HISTORY,
    ),
    case(
        "history: order",
        *RUN,
        *[
            log_metric("m", v, t, s)
            for v, t, s in ((1.0, 30, 0), (2.0, 10, 5), (3.0, 10, 2), (5.0, 10, 2), (4.0, 10, 2))
        ],
        history(max_results=10),
    ),
    case(
        "history: pages",
        *RUN,
        POINTS,
        history(max_results=4).keep(token="next_page_token"),
        history(max_results=4, page_token="<token>").keep(token="next_page_token"),
        history(max_results=4, page_token="<token>"),
        history(max_results=10),
        history(page_token="bogus"),
        history(max_results=5, page_token="bogus"),
    ),
    case("history: page size", *RUN, POINTS, *[history(max_results=n) for n in (0, -1, "abc", "1.5", 100000, 1)]),
    case(
        "history: refused",
        get("metrics/get-history"),
        *RUN,
        *without_each(get, "metrics/get-history", {"run_id": "<run>", "metric_key": "m"}, ["run_id", "metric_key"]),
        get("metrics/get-history", run_id="0" * 32, metric_key="m"),
        get("metrics/get-history", run_id="<run>", metric_key="none"),
        get("metrics/get-history", run_id="<run>", metric_key="../x"),
    ),
    case("history of a deleted run", *RUN, POINTS, post("runs/delete", run_id="<run>"), history()),
    case(
        "bulk",
        *RUN,
        run("two", "two"),
        POINTS,
        batch("two", metrics=[metric("m", 1.0, 1, 0)]),
        get(BULK, run_id=["<run>", "<two>"], metric_key="m"),
        get(BULK, run_id="<run>", metric_key="m", max_results=3),
        get(BULK, run_id=["<run>", "<run>"], metric_key="m", max_results=5),
    ),
    case(
        "bulk: refused",
        *RUN,
        get(BULK),
        get(BULK, run_id="<run>"),
        get(BULK, metric_key="m"),
        get(BULK, run_id="0" * 32, metric_key="m"),
        get(BULK, run_id=["x"] * 101, metric_key="m"),
        get(BULK, run_id="<run>", metric_key="m", max_results=0),
        get(BULK, run_id="<run>", metric_key="m", max_results="abc"),
        get(BULK, run_id="<run>", metric_key="none"),
    ),
    case("bulk: NaN", *RUN, log_metric("m", "NaN", 1, 0), get(BULK, run_id="<run>", metric_key="m")),
    case(
        "interval",
        *RUN,
        run("two", "two"),
        POINTS,
        batch("two", metrics=[metric("m", 1.0, 1, 3)]),
        get(INTERVAL, run_ids=["<run>", "<two>"], metric_key="m"),
        get(INTERVAL, run_ids="<run>", metric_key="m", max_results=3),
        get(INTERVAL, run_ids="<run>", metric_key="m", start_step=2, end_step=5),
        get(INTERVAL, run_ids=["<run>", "<two>"], metric_key="m", start_step=2, end_step=8, max_results=2),
    ),
    case(
        "interval: sampled",
        *RUN,
        *MANY,
        get(INTERVAL, run_ids="<run>", metric_key="m", max_results=320),
        get(INTERVAL, run_ids="<run>", metric_key="m", max_results=7),
        get(INTERVAL, run_ids="<run>", metric_key="m"),
        get(INTERVAL, run_ids="<run>", metric_key="m", start_step=100, end_step=1900, max_results=10),
    ),
    case(
        "interval: uneven steps",
        *RUN,
        run("two", "two"),
        batch(metrics=[metric("m", float(s), s, s) for s in (0, 1, 2, 50, 51, 1000, 1001, 5000)]),
        batch("two", metrics=[metric("m", float(s), s, s) for s in (-10, 7, 50, 9000)]),
        *[get(INTERVAL, run_ids=["<run>", "<two>"], metric_key="m", max_results=n) for n in (1, 2, 3, 5, 8)],
    ),
    case(
        "interval: refused",
        *RUN,
        POINTS,
        get(INTERVAL),
        get(INTERVAL, run_ids="<run>"),
        get(INTERVAL, metric_key="m"),
        get(INTERVAL, run_ids="0" * 32, metric_key="m"),
        get(INTERVAL, run_ids=["x"] * 101, metric_key="m"),
        *[
            get(INTERVAL, run_ids="<run>", metric_key="m", **{k: v})
            for k, v in (
                ("max_results", 0),
                ("max_results", -1),
                ("max_results", 2501),
                ("max_results", "abc"),
                ("start_step", "abc"),
                ("start_step", 3),
                ("end_step", 3),
            )
        ],
        get(INTERVAL, run_ids="<run>", metric_key="m", start_step=5, end_step=2),
        get(INTERVAL, run_ids="<run>", metric_key="none"),
    ),
    case(
        "a metric of a model",
        EXPERIMENT,
        run(),
        post("logged-models", experiment_id="<exp>", name="m").keep(model="model.info.model_id"),
        log_metric("m", 0.5, 1, 0, model_id="<model>"),
        log_metric("m", 0.5, 1, 0, model_id="<model>", dataset_name="d", dataset_digest="e"),
        get_run(),
        get("logged-models/<model>"),
        log_metric("m", 0.5, 1, 0, model_id="m-unknown"),
        log_metric("m", 0.5, 1, 0, dataset_name="d"),
    ),
]
