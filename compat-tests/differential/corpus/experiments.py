"""Experiments: create, get, search, update, delete, restore, tags."""

from differential.builders import EXPERIMENT, experiment, get_run, pair, run
from differential.steps import case, get, of_wrong_types, post, raw, without_each

GET = get("experiments/get", experiment_id="<exp>")
LONG = "x" * 501


def search(condition="", **rest):
    return post("experiments/search", {"filter": condition, "max_results": 10, **rest})


THREE = [
    experiment("-a", "a", tags=[pair("kind", "odd"), pair("two words", "5")]),
    experiment("-b", "b", tags=[pair("kind", "even")]),
    experiment("-C", "c"),
]


def mine(condition="", **rest):
    return search(f"name ILIKE '<u>-%' {condition}".strip(), **{"order_by": ["name"], **rest})


CASES = [
    case(
        "the default experiment",
        get("experiments/get", experiment_id="0"),
        get("experiments/get-by-name", experiment_name="Default"),
    ),
    case("create and get", EXPERIMENT, GET, get("experiments/get-by-name", experiment_name="<u>")),
    case("create with tags", experiment(tags=[pair("a", "1"), pair("ü", "✓ 🚀")]), GET),
    case("create with a location", experiment(artifact_location="mlflow-artifacts:/place/<u>"), GET),
    case("create without required", *without_each(post, "experiments/create", {"name": "<u>"}, ["name"])),
    case(
        "create of a wrong type",
        *of_wrong_types(
            post,
            "experiments/create",
            {"name": "<u>"},
            {"name": "string", "artifact_location": "string", "tags": "array"},
        ),
    ),
    case("create with a taken name", EXPERIMENT, post("experiments/create", name="<u>")),
    case(
        "names: long, odd",
        *[post("experiments/create", name=n) for n in (LONG, "<u>/slash", "<u>'quote", "<u> ü ✓", "<u>;--")],
    ),
    case("the longest name", post("experiments/create", name="<u>" + "y" * 480)),
    *[
        case(f"create in {place}", post("experiments/create", name="<u>", artifact_location=place))
        for place in (
            "http:///?/../../../../etc/",
            "http:///#/../../../../etc/",
            "s3://b/p#/../../etc",
            "http://x/a;/../../etc",
            "file:///a#../../etc",
            "runs:/x/y",
            "ftp://h/",
            "sftp://h/x",
            "hdfs://h/x",
            "mlflow-artifacts://other:80/x",
            "http://169.254.169.254/",
            "s3://bucket/?q=../x",
            "s3://bucket/" + "z" * 2100,
        )
    ],
    case("tags on create: long key", post("experiments/create", name="<u>", tags=[pair("k" * 251, "v")])),
    case("tags on create: long value", post("experiments/create", name="<u>", tags=[pair("k", "v" * 20001)])),
    case("tags on create: key missing", post("experiments/create", name="<u>", tags=[{"value": "v"}])),
    case("tags on create: value missing", experiment(tags=[{"key": "k"}]), GET),
    case("tags on create: duplicate", post("experiments/create", name="<u>", tags=[pair("k", "1"), pair("k", "2")])),
    case("get without required", get("experiments/get"), get("experiments/get", experiment_id="")),
    case(
        "get unknown",
        get("experiments/get", experiment_id="987654321"),
        get("experiments/get", experiment_id="99999999999999999999"),
        get("experiments/get", experiment_id="abc"),
        get("experiments/get", experiment_id="-1"),
        get("experiments/get", experiment_id="1.5"),
        get("experiments/get", experiment_id="' OR 1=1"),
    ),
    case(
        "get by a name that is unknown or missing",
        get("experiments/get-by-name", experiment_name="<u>"),
        get("experiments/get-by-name"),
        get("experiments/get-by-name", experiment_name=""),
    ),
    case(
        "get ignores unknown parameters and takes the first of two",
        EXPERIMENT,
        get("experiments/get", [("experiment_id", "<exp>"), ("experiment_id", "0"), ("bogus", "1")]),
        get("experiments/get", experimentId="<exp>"),
    ),
    case("rename", EXPERIMENT, post("experiments/update", experiment_id="<exp>", new_name="<u>-new"), GET),
    case("rename to the same name", EXPERIMENT, post("experiments/update", experiment_id="<exp>", new_name="<u>")),
    case(
        "rename to a taken name",
        EXPERIMENT,
        experiment("-other", "other"),
        post("experiments/update", experiment_id="<exp>", new_name="<u>-other"),
    ),
    case(
        "rename: refused",
        EXPERIMENT,
        *without_each(
            post, "experiments/update", {"experiment_id": "<exp>", "new_name": "<u>-n"}, ["experiment_id", "new_name"]
        ),
        post("experiments/update", experiment_id="987654321", new_name="<u>-n"),
        post("experiments/update", experiment_id="<exp>", new_name=LONG),
    ),
    case(
        "rename of a wrong type",
        EXPERIMENT,
        *of_wrong_types(
            post,
            "experiments/update",
            {"experiment_id": "<exp>", "new_name": "<u>-n"},
            {"experiment_id": "string", "new_name": "string"},
        ),
    ),
    case(
        "delete and restore",
        EXPERIMENT,
        run(),
        post("experiments/delete", experiment_id="<exp>"),
        GET,
        get_run(),
        get("experiments/get-by-name", experiment_name="<u>"),
        post("experiments/create", name="<u>"),
        post("experiments/update", experiment_id="<exp>", new_name="<u>-n"),
        post("runs/create", experiment_id="<exp>"),
        post("experiments/set-experiment-tag", experiment_id="<exp>", key="a", value="b"),
        post("runs/log-parameter", run_id="<run>", key="a", value="b"),
        post("experiments/restore", experiment_id="<exp>"),
        GET,
        get_run(),
    ),
    case(
        "delete twice",
        EXPERIMENT,
        post("experiments/delete", experiment_id="<exp>"),
        post("experiments/delete", experiment_id="<exp>"),
    ),
    case("restore an active one", EXPERIMENT, post("experiments/restore", experiment_id="<exp>")),
    case(
        "delete: refused",
        *without_each(post, "experiments/delete", {"experiment_id": "1"}, ["experiment_id"]),
        post("experiments/delete", experiment_id="987654321"),
        post("experiments/delete", experiment_id="abc"),
    ),
    case(
        "restore: refused",
        *without_each(post, "experiments/restore", {"experiment_id": "1"}, ["experiment_id"]),
        post("experiments/restore", experiment_id="987654321"),
    ),
    case("delete of a wrong type", *of_wrong_types(post, "experiments/delete", {}, {"experiment_id": "string"})),
    case(
        "restoring revives runs deleted before",
        EXPERIMENT,
        run(),
        post("runs/delete", run_id="<run>"),
        post("experiments/delete", experiment_id="<exp>"),
        post("experiments/restore", experiment_id="<exp>"),
        get_run(),
    ),
    case(
        "a run inside a deleted experiment is restored alone",
        EXPERIMENT,
        run(),
        post("experiments/delete", experiment_id="<exp>"),
        post("runs/restore", run_id="<run>"),
        get_run(),
    ),
    case(
        "set tag",
        EXPERIMENT,
        *[post("experiments/set-experiment-tag", experiment_id="<exp>", key="k", value=v) for v in ("1", "zwei ✓", "")],
        GET,
        post("experiments/set-experiment-tag", experiment_id="<exp>", key="none"),
        GET,
    ),
    case(
        "set tag: refused",
        EXPERIMENT,
        *without_each(
            post,
            "experiments/set-experiment-tag",
            {"experiment_id": "<exp>", "key": "k", "value": "v"},
            ["experiment_id", "key"],
        ),
        *[
            post("experiments/set-experiment-tag", experiment_id="<exp>", key=k, value="v")
            for k in ("k" * 251, "../up", "/abs", "a//b", "a#b", ".", "a\nb", "ok key-1/x:y.z")
        ],
        post("experiments/set-experiment-tag", experiment_id="<exp>", key="k", value="v" * 20001),
        post("experiments/set-experiment-tag", experiment_id="987654321", key="k", value="v"),
    ),
    case(
        "set tag of a wrong type",
        EXPERIMENT,
        *of_wrong_types(
            post,
            "experiments/set-experiment-tag",
            {"experiment_id": "<exp>", "key": "k", "value": "v"},
            {"experiment_id": "string", "key": "string", "value": "string"},
        ),
    ),
    case(
        "the longest tag value",
        EXPERIMENT,
        post("experiments/set-experiment-tag", experiment_id="<exp>", key="k" * 250, value="v" * 20000),
        GET,
    ),
    case(
        "delete tag",
        experiment(tags=[pair("a", "1"), pair("b", "2")]),
        post("experiments/delete-experiment-tag", experiment_id="<exp>", key="a"),
        GET,
        post("experiments/delete-experiment-tag", experiment_id="<exp>", key="a"),
        *without_each(
            post, "experiments/delete-experiment-tag", {"experiment_id": "<exp>", "key": "b"}, ["experiment_id", "key"]
        ),
        post("experiments/delete-experiment-tag", experiment_id="987654321", key="b"),
    ),
    case(
        "search: page size",
        post("experiments/search"),
        search(max_results=0),
        search(max_results=-1),
        search(max_results=50001),
        search("name = '<u>'", max_results=50000),
    ),
    case(
        "search with GET",
        *THREE,
        get("experiments/search", filter="name LIKE '<u>-%'", max_results=5, order_by=["name DESC"]),
        get("experiments/search", filter="name LIKE '<u>-%'", max_results="abc"),
        get("experiments/search", filter="name LIKE '<u>-%'", max_results=5, view_type="ALL"),
        get("experiments/search", filter="name LIKE '<u>-%'", max_results=5, view_type=2),
        get("experiments/search", filter="name LIKE '<u>-%'", max_results=5, view_type="bogus"),
        get("experiments/search"),
    ),
    case(
        "search of a wrong type",
        *of_wrong_types(
            post,
            "experiments/search",
            {"max_results": 1, "filter": "name = '<u>'"},
            {"max_results": "int", "filter": "string", "order_by": "array", "page_token": "string"},
        ),
    ),
    case(
        "search: attributes",
        *THREE,
        mine(),
        mine("AND name != '<u>-b'"),
        mine("AND name LIKE '%-c'"),
        mine("AND name ILIKE '%-c'"),
        mine("AND experiment_id = '<a>'"),
        mine("AND experiment_id != '<a>'"),
        mine("AND experiment_id IN ('<a>', '<b>')"),
        mine("AND experiment_id NOT IN ('<a>','<b>')"),
        mine("AND attribute.name = '<u>-a'"),
        mine("AND creation_time > 0"),
        mine("AND last_update_time >= 1 AND creation_time < 5"),
        mine('and name = "<u>-a"'),
    ),
    case(
        "search: tags",
        *THREE,
        mine("AND tags.kind = 'odd'"),
        mine("AND tag.kind != 'odd'"),
        mine("AND tags.`kind` LIKE '%d%'"),
        mine("AND tags.\"kind\" ILIKE 'EVEN'"),
        mine("AND tags.kind IS NULL"),
        mine("AND tags.kind is not null"),
        mine("AND tags.none = 'x'"),
        mine("AND tags.\"two words\" = '5'"),
    ),
    *[
        case(f"search refuses {condition!r}", search(condition))
        for condition in (
            "  ",
            "name",
            "name =",
            "= 'x'",
            "name = x",
            "name = `x`",
            "name > 'x'",
            "name like 'x'",
            "name IN ('a')",
            "experiment_id in ('1')",
            "experiment_id = 1",
            "experiment_id = 'abc'",
            "experiment_id IN (1)",
            "experiment_id IN ()",
            "experiment_id IN ('a')",
            "creation_time = '5'",
            "creation_time > 1.5",
            "creation_time LIKE '5'",
            "tags.a > 'x'",
            "tags.a IN ('x')",
            "name IS NULL",
            "attributes.name = 'x'",
            "attr.name = 'x'",
            "params.a = 'x'",
            "Name = 'x'",
            "METRICS.x = 1",
            "bogus = 'x'",
            "name == 'x'",
            "name <> 'x'",
            "name NOT LIKE 'x'",
            "name = 'a'; name = 'b'",
            "tags.a-b = 'x'",
            "creation_time > +1",
            "creation_time > 0x1",
            "name = 'a' 'b' 'c'",
            "name = 'unclosed",
            "DROP TABLE experiments",
            "name = 'x' --",
            "1 = 1",
            "tags. = 'x'",
            ".a = 'x'",
            "name = ''' OR 1=1",
        )
    ],
    case(
        "search: odd but accepted",
        *THREE,
        mine("AND AND name = '<u>-a'"),
        mine("name = '<u>-a'"),
        search("AND name = '<u>-a'"),
        search("name = '<u>-a' AND"),
        search("name='<u>-a'"),
        search("name\n=\n'<u>-a'"),
        search("name = '<u>-a' AND name = '<u>-a'"),
        search("name = 'it''s'"),
    ),
    case(
        "search: order",
        *THREE,
        *[
            mine(order_by=[o])
            for o in (
                "name",
                "name ASC",
                "name desc",
                "name DESC",
                "attribute.name DESC",
                "`name` DESC",
                "experiment_id",
                "experiment_id DESC",
                "creation_time",
                "last_update_time DESC",
            )
        ],
        mine(order_by=["name", "name"]),
        mine(order_by=[]),
    ),
    case(
        "search: order refused",
        *[
            mine(order_by=[o])
            for o in (
                "tags.kind",
                "bogus",
                "name SIDEWAYS",
                "",
                " name",
                "name,experiment_id",
                "name ASC NULLS LAST",
                "params.x",
            )
        ],
    ),
    case(
        "search: view",
        *THREE,
        post("experiments/delete", experiment_id="<a>"),
        *[mine(view_type=v) for v in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", "active_only", "bogus", 1, 2, 3, 9)],
    ),
    case(
        "search: pages",
        *THREE,
        mine(max_results=2).keep(token="next_page_token"),
        mine(max_results=2, page_token="<token>"),
        mine(max_results=3),
    ),
    case(
        "search: bad tokens",
        *[mine(page_token=t) for t in ("!", "abc", "e30=", "eyJvZmZzZXQiOiAwfQ==", "eyJvZmZzZXQiOiAiYSJ9", "")],
    ),
    case(
        "content types",
        raw("POST", "experiments/create", '{"name": "<u>"}'),
        raw("POST", "experiments/create", '{"name": "<u>"}', Content_Type="text/plain"),
        raw("POST", "experiments/create", '{"name": "<u>"}', Content_Type="application/json; charset=utf-8"),
        raw("POST", "experiments/create", '{"name": "<u>-2"}', Content_Type="Application/JSON"),
        raw("POST", "experiments/create", '{"name": "<u>-3"}', Content_Type="application/jsonx"),
    ),
    case(
        "bodies: malformed counts as empty",
        *[
            raw("POST", "experiments/create", b, Content_Type="application/json")
            for b in ("", "{", "null", '{"name": }', "{}", "\x00", '{"name": "<u>"')
        ],
    ),
    case(
        "bodies: a JSON text that holds JSON",
        raw("POST", "experiments/create", '"{\\"name\\": \\"<u>\\"}"', Content_Type="application/json"),
    ),
    case(
        "bodies: not an object",
        *[raw("POST", "experiments/create", b, Content_Type="application/json") for b in ("[]", "5", '"text"', "true")],
    ),
    case("bodies: unknown fields are ignored", post("experiments/create", {"name": "<u>", "bogus": {"deep": [1]}})),
    case(
        "bodies: camelCase for optional fields only",
        post("experiments/create", {"name": "<u>", "artifactLocation": "mlflow-artifacts:/c/<u>"}).keep(
            exp="experiment_id"
        ),
        GET,
        post("experiments/update", {"experimentId": "<exp>", "newName": "x"}),
    ),
    case(
        "bodies: the query of a POST is ignored",
        raw("POST", "experiments/create?name=<u>", "{}", Content_Type="application/json"),
    ),
    case(
        "a GET with a body and no query",
        raw("GET", "experiments/get", '{"experiment_id": "0"}', Content_Type="application/json"),
    ),
    case(
        "unknown routes and methods",
        get("experiments/bogus"),
        get("bogus"),
        get("experiments/get/"),
        post("experiments/get", experiment_id="0"),
        raw("PUT", "experiments/create"),
        raw("DELETE", "experiments/create"),
        get("/api/9.9/mlflow/experiments/get", experiment_id="0"),
        get("/api/2.0/mlflow/experiments/list"),
    ),
]
