"""Registered models and their versions, stages and aliases."""

from differential.builders import EXPERIMENT, logged_model, model, pair, run, version
from differential.steps import case, delete, get, of_wrong_types, patch, post, without_each

RUN = [EXPERIMENT, run()]
MODEL = [*RUN, model()]
VERSION = [*MODEL, version()]
THREE_VERSIONS = [*MODEL, version(), version(), version()]
GET = get("registered-models/get", name="<u>")
GET_ONE = get("model-versions/get", name="<u>", version="1")
ABSENT = "<u>-absent"


def transition(version="1", stage="Staging", **rest):
    return post("model-versions/transition-stage", {"name": "<u>", "version": version, "stage": stage, **rest})


def alias(name, version="1"):
    return post("registered-models/alias", name="<u>", alias=name, version=version)


def from_source(source, **rest):
    return post("model-versions/create", {"name": "<u>", "source": source, **rest})


def latest(**query):
    return get("registered-models/get-latest-versions", {"name": "<u>", **query})


IN_RUN = "mlflow-artifacts:/<exp>/<run>/artifacts"

MODELS = [
    case("create and get", model(), GET),
    case("create: everything", model(description="größe ✓", tags=[pair("a", "1"), pair("b", "")]), GET),
    case("create: taken", model(), model()),
    case("create: refused", *without_each(post, "registered-models/create", {"name": "<u>"}, ["name"])),
    *[
        case(f"create: name {name!r}", post("registered-models/create", name=name))
        for name in (
            " ",
            "a/b",
            "a:b",
            "..",
            ".",
            "../../etc",
            "<u>\n",
            "<u> ü ✓",
            "<u>%2e",
            "<u>.x",
            "<u>'",
            "<u>" + "n" * 240,
        )
    ],
    case(
        "create: odd tags",
        model("-1", tags=[{"key": "k"}]),
        model("-2", tags=[{"value": "v"}]),
        model("-3", tags=[pair("k" * 251, "v")]),
        model("-4", tags=[pair("k", "v" * 100001)]),
        model("-5", tags=[pair("k", "1"), pair("k", "2")]),
        model("-6", tags=[pair("../k", "1")]),
    ),
    case(
        "create of a wrong type",
        *of_wrong_types(
            post,
            "registered-models/create",
            {"name": "<u>"},
            {"name": "string", "tags": "array", "description": "string"},
        ),
    ),
    case(
        "get: refused",
        get("registered-models/get"),
        get("registered-models/get", name=""),
        get("registered-models/get", name=ABSENT),
        get("registered-models/get", name="../../etc"),
        get("registered-models/get", name="a/b"),
    ),
    case(
        "update",
        model(description="old"),
        patch("registered-models/update", name="<u>", description="new"),
        GET,
        patch("registered-models/update", name="<u>"),
        GET,
        patch("registered-models/update", name="<u>", description=""),
        GET,
    ),
    case(
        "update: refused",
        *without_each(patch, "registered-models/update", {"name": "<u>", "description": "x"}, ["name"]),
        patch("registered-models/update", name=ABSENT, description="x"),
    ),
    case(
        "update of a wrong type",
        model(),
        *of_wrong_types(
            patch, "registered-models/update", {"name": "<u>"}, {"name": "string", "description": "string"}
        ),
    ),
    case(
        "rename",
        *VERSION,
        alias("best"),
        post("registered-models/set-tag", name="<u>", key="a", value="1"),
        post("registered-models/rename", name="<u>", new_name="<u>-new"),
        GET,
        get("registered-models/get", name="<u>-new"),
        get("model-versions/get", name="<u>-new", version="1"),
        get("registered-models/alias", name="<u>-new", alias="best"),
    ),
    case(
        "rename: refused",
        model(),
        model("-2"),
        post("registered-models/rename", name="<u>", new_name="<u>-2"),
        post("registered-models/rename", name=ABSENT, new_name="<u>-3"),
        post("registered-models/rename", name="<u>", new_name="a/b"),
        post("registered-models/rename", name="<u>", new_name="<u>"),
        *without_each(post, "registered-models/rename", {"name": "<u>", "new_name": "<u>-4"}, ["name", "new_name"]),
    ),
    case(
        "delete",
        *VERSION,
        delete("registered-models/delete", name="<u>"),
        GET,
        GET_ONE,
        delete("registered-models/delete", name="<u>"),
        model(),
        version(),
    ),
    case("delete: refused", *without_each(delete, "registered-models/delete", {"name": ABSENT}, ["name"])),
    case(
        "tags",
        model(),
        *[post("registered-models/set-tag", name="<u>", key="k", value=v) for v in ("1", "2", "")],
        post("registered-models/set-tag", name="<u>", key="none"),
        GET,
        delete("registered-models/delete-tag", name="<u>", key="k"),
        delete("registered-models/delete-tag", name="<u>", key="k"),
        GET,
    ),
    case(
        "tags: refused",
        model(),
        *without_each(post, "registered-models/set-tag", {"name": "<u>", "key": "k", "value": "v"}, ["name", "key"]),
        post("registered-models/set-tag", name=ABSENT, key="k", value="v"),
        *[post("registered-models/set-tag", name="<u>", key=k, value="v") for k in ("k" * 251, "../k", "a//b", "a#b")],
        post("registered-models/set-tag", name="<u>", key="k", value="v" * 100001),
        *without_each(delete, "registered-models/delete-tag", {"name": "<u>", "key": "k"}, ["name", "key"]),
        delete("registered-models/delete-tag", name=ABSENT, key="k"),
    ),
]

VERSIONS = [
    case("version: create and get", *VERSION, GET_ONE, GET),
    case(
        "version: everything",
        *MODEL,
        version(description="größe", tags=[pair("a", "1")], run_link="http://ci/7"),
        GET_ONE,
    ),
    case("version: without a run", *MODEL, from_source("mlflow-artifacts:/<exp>/x")),
    case(
        "version: numbers",
        *THREE_VERSIONS,
        delete("model-versions/delete", name="<u>", version="3"),
        version(),
        delete("model-versions/delete", name="<u>", version="1"),
        version(),
    ),
    case(
        "version: create refused",
        *MODEL,
        *without_each(
            post, "model-versions/create", {"name": "<u>", "source": IN_RUN, "run_id": "<run>"}, ["name", "source"]
        ),
        post("model-versions/create", name=ABSENT, source=IN_RUN, run_id="<run>"),
        post("model-versions/create", name="<u>", source=IN_RUN, run_id="0" * 32),
    ),
    *[
        case(f"version: source {source}", *MODEL, from_source(source, run_id="<run>"), from_source(source))
        for source in (
            "/etc/passwd",
            "file:///etc",
            "file://localhost/etc",
            "FILE:///etc",
            "file:/etc",
            "file:%2f%2f/etc",
            "C:/Windows/win.ini",
            "//etc",
            "./etc",
            " /etc",
            "",
            "mlflow-artifacts:/../../etc",
            "http://h/a",
            "https://h/a",
            "ftp://h/x",
            "http://h/a/../../etc",
            "s3://b/../../x",
            "dbfs:/../etc",
            "s3://bucket/model",
            "s3://b/..%2f..%2f",
            "http://h/%252e%252e/etc",
            "models:/none/1",
            "models:/m-" + "0" * 32,
            "runs:/<run>/model",
            "runs:/" + "0" * 32 + "/model",
            "runs:/<run>/../x",
            IN_RUN,
            IN_RUN + "/a/../b",
            IN_RUN + "/%2e%2e/x",
            "mlflow-artifacts:/<exp>/other/artifacts",
            "mlflow-artifacts://host/x",
            "prompt-template",
            "dummy-source",
            "gs://bucket/m",
            "wasbs://box@account.blob.core.windows.net/x",
            "relative/path",
            "models:/<u>/latest",
            "hdfs://h/x",
        )
    ],
    case(
        "version: prompt tag does not open the source",
        *MODEL,
        from_source("/etc", tags=[pair("mlflow.prompt.is_prompt", "true")]),
        from_source("prompt-template", tags=[pair("mlflow.prompt.is_prompt", "true")]),
    ),
    case(
        "version: of a logged model",
        *MODEL,
        logged_model(source_run_id="<run>"),
        from_source("models:/<model>", model_id="<model>"),
        from_source("models:/<model>"),
        from_source("models:/<model>", model_id="m-" + "0" * 32),
        get("logged-models/<model>"),
        get("model-versions/get-download-uri", name="<u>", version="1"),
    ),
    case(
        "version: of a wrong type",
        *MODEL,
        *of_wrong_types(
            post,
            "model-versions/create",
            {"name": "<u>", "source": IN_RUN, "run_id": "<run>"},
            {
                "name": "string",
                "source": "string",
                "run_id": "string",
                "tags": "array",
                "run_link": "string",
                "description": "string",
                "model_id": "string",
            },
        ),
    ),
    case(
        "version: odd tags",
        *MODEL,
        version(tags=[{"key": "k"}]),
        version(tags=[{"value": "v"}]),
        version(tags=[pair("k" * 251, "v")]),
        version(tags=[pair("k", "1"), pair("k", "2")]),
    ),
    case(
        "version: get refused",
        *VERSION,
        *[
            get("model-versions/get", name="<u>", version=v)
            for v in ("2", "0", "-1", "abc", "1.0", "", "99999999999999999999")
        ],
        get("model-versions/get", name=ABSENT, version="1"),
        get("model-versions/get"),
        get("model-versions/get", name="<u>"),
    ),
    case(
        "version: get of a wrong type",
        *VERSION,
        get("model-versions/get", name="<u>", version="01"),
        get("model-versions/get", name="<u>", version=" 1"),
    ),
    case(
        "version: update",
        *VERSION,
        patch("model-versions/update", name="<u>", version="1", description="new"),
        GET_ONE,
        patch("model-versions/update", name="<u>", version="1"),
        GET_ONE,
    ),
    case(
        "version: update refused",
        *VERSION,
        *without_each(
            patch, "model-versions/update", {"name": "<u>", "version": "1", "description": "x"}, ["name", "version"]
        ),
        patch("model-versions/update", name="<u>", version="9", description="x"),
        patch("model-versions/update", name="<u>", version="abc", description="x"),
        patch("model-versions/update", name="<u>", version=1, description="x"),
    ),
    case(
        "version: delete",
        *VERSION,
        alias("best"),
        delete("model-versions/delete", name="<u>", version="1"),
        GET_ONE,
        delete("model-versions/delete", name="<u>", version="1"),
        GET,
        get("registered-models/alias", name="<u>", alias="best"),
        get("model-versions/get-download-uri", name="<u>", version="1"),
        post("model-versions/set-tag", name="<u>", version="1", key="a", value="b"),
        transition(),
    ),
    case(
        "version: delete refused",
        *VERSION,
        *without_each(delete, "model-versions/delete", {"name": "<u>", "version": "1"}, ["name", "version"]),
        delete("model-versions/delete", name=ABSENT, version="1"),
        delete("model-versions/delete", name="<u>", version="abc"),
    ),
    case(
        "version: tags",
        *VERSION,
        *[post("model-versions/set-tag", name="<u>", version="1", key="k", value=v) for v in ("1", "2", "")],
        GET_ONE,
        delete("model-versions/delete-tag", name="<u>", version="1", key="k"),
        delete("model-versions/delete-tag", name="<u>", version="1", key="k"),
        GET_ONE,
    ),
    case(
        "version: tags refused",
        *VERSION,
        *without_each(
            post,
            "model-versions/set-tag",
            {"name": "<u>", "version": "1", "key": "k", "value": "v"},
            ["name", "version", "key"],
        ),
        post("model-versions/set-tag", name="<u>", version="9", key="k", value="v"),
        post("model-versions/set-tag", name="<u>", version="abc", key="k", value="v"),
        *[post("model-versions/set-tag", name="<u>", version="1", key=k, value="v") for k in ("k" * 251, "../k")],
        post("model-versions/set-tag", name="<u>", version="1", key="k", value="v" * 100001),
        *without_each(
            delete, "model-versions/delete-tag", {"name": "<u>", "version": "1", "key": "k"}, ["name", "version", "key"]
        ),
        delete("model-versions/delete-tag", name="<u>", version="9", key="k"),
    ),
    case(
        "version: download uri",
        *VERSION,
        get("model-versions/get-download-uri", name="<u>", version="1"),
        get("model-versions/get-download-uri", name="<u>", version="9"),
        get("model-versions/get-download-uri", name=ABSENT, version="1"),
        get("model-versions/get-download-uri"),
        get("model-versions/get-download-uri", name="<u>", version="abc"),
    ),
    case(
        "copy",
        *VERSION,
        model("-copy"),
        *[
            post("model-versions/create", name="<u>-copy", source=s)
            for s in ("models:/<u>/1", "models:/<u>/latest", "models:/<u>/9", "models:/<u>@none", "models:/<u>/Staging")
        ],
        get("model-versions/get", name="<u>-copy", version="1"),
        get("model-versions/get-download-uri", name="<u>-copy", version="1"),
        get("model-versions/get-download-uri", name="<u>-copy", version="2"),
    ),
]

STAGES = [
    case(
        "stages: any case",
        *VERSION,
        *[transition(stage=s) for s in ("staging", "PRODUCTION", "aRcHiVed", "none", "Staging", "Staging")],
        GET_ONE,
        GET,
    ),
    case(
        "stages: refused",
        *VERSION,
        *[transition(stage=s) for s in ("Nowhere", " Staging", "")],
        transition("9"),
        transition("abc"),
        post("model-versions/transition-stage", name=ABSENT, version="1", stage="Staging"),
        *[
            post(
                "model-versions/transition-stage",
                {k: v for k, v in {"name": "<u>", "version": "1", "stage": "Staging"}.items() if k != gone},
            )
            for gone in ("name", "version", "stage")
        ],
        GET_ONE,
    ),
    case(
        "stages: archive",
        *THREE_VERSIONS,
        transition("1", "Production"),
        transition("2", "Production", archive_existing_versions=True),
        transition("3", "production", archive_existing_versions=True),
        *[get("model-versions/get", name="<u>", version=v) for v in "123"],
    ),
    case(
        "stages: archive needs an active stage",
        *VERSION,
        transition(stage="Archived", archive_existing_versions=True),
        transition(stage="None", archive_existing_versions=True),
        GET_ONE,
    ),
    case(
        "stages: archive flag of a wrong type",
        *VERSION,
        *[transition(archive_existing_versions=v) for v in ("true", 1, [])],
    ),
    case(
        "stages: latest",
        *THREE_VERSIONS,
        transition("1"),
        transition("2", "Production"),
        latest(),
        latest(stages="Staging"),
        latest(stages=["staging", "Production"]),
        latest(stages="Archived"),
        post("registered-models/get-latest-versions", name="<u>"),
        post("registered-models/get-latest-versions", name="<u>", stages=["None"]),
        post("registered-models/get-latest-versions", name="<u>", stages=[]),
    ),
    case(
        "stages: latest refused",
        model(),
        latest(),
        latest(stages="Nowhere"),
        get("registered-models/get-latest-versions"),
        get("registered-models/get-latest-versions", name=ABSENT),
        post("registered-models/get-latest-versions", {}),
        post("registered-models/get-latest-versions", name="<u>", stages="Staging"),
        post("registered-models/get-latest-versions", name="<u>", stages=[1]),
    ),
]

ALIASES = [
    case(
        "alias: set, move, read, delete",
        *THREE_VERSIONS,
        alias("best"),
        get("registered-models/alias", name="<u>", alias="best"),
        alias("best", "2"),
        alias("other", "2"),
        GET,
        get("model-versions/get", name="<u>", version="2"),
        delete("registered-models/alias", name="<u>", alias="best"),
        delete("registered-models/alias", name="<u>", alias="best"),
        get("registered-models/alias", name="<u>", alias="best"),
        GET,
    ),
    case(
        "alias: case matters",
        *THREE_VERSIONS,
        alias("best"),
        alias("Best", "2"),
        get("registered-models/alias", name="<u>", alias="best"),
        get("registered-models/alias", name="<u>", alias="BEST"),
    ),
    case(
        "alias: names",
        *VERSION,
        *[
            alias(n)
            for n in (
                "latest",
                "LATEST",
                "v1",
                "V2",
                "v",
                "v1x",
                "1",
                "a b",
                "a/b",
                "a.b",
                "ü",
                "-",
                "_",
                "a" * 255,
                "a" * 256,
                "a\n",
            )
        ],
    ),
    case(
        "alias: refused",
        *VERSION,
        *without_each(
            post, "registered-models/alias", {"name": "<u>", "alias": "a", "version": "1"}, ["name", "alias", "version"]
        ),
        alias("a", "9"),
        alias("a", "abc"),
        post("registered-models/alias", name=ABSENT, alias="a", version="1"),
        get("registered-models/alias", name=ABSENT, alias="a"),
        get("registered-models/alias", name="<u>"),
        get("registered-models/alias", alias="a"),
        delete("registered-models/alias", name=ABSENT, alias="a"),
        delete("registered-models/alias", name="<u>"),
    ),
    case(
        "alias: latest",
        *THREE_VERSIONS,
        get("registered-models/alias", name="<u>", alias="latest"),
        get("registered-models/alias", name="<u>", alias="Latest"),
        get("registered-models/alias", name="<u>", alias="v1"),
    ),
    case("alias: latest without versions", model(), get("registered-models/alias", name="<u>", alias="latest")),
    case(
        "alias of a wrong type",
        *VERSION,
        *of_wrong_types(
            post,
            "registered-models/alias",
            {"name": "<u>", "alias": "a", "version": "1"},
            {"name": "string", "alias": "string", "version": "string"},
        ),
    ),
]

CASES = [*MODELS, *VERSIONS, *STAGES, *ALIASES]
