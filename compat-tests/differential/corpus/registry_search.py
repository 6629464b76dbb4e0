"""registered-models/search and model-versions/search."""

from differential.builders import EXPERIMENT, model, pair, run, version
from differential.steps import case, delete, get, post

THREE = [model("-a", tags=[pair("tier", "gold"), pair("x", "1")]), model("-b", tags=[pair("tier", "tin")]), model("-C")]
PROMPT = model("-p", tags=[pair("mlflow.prompt.is_prompt", "true")])
VERSIONS = [
    EXPERIMENT,
    run(),
    run("two", "two"),
    model("-a"),
    model("-b"),
    version("-a", tags=[pair("ok", "yes")]),
    version("-a", run="two"),
    version("-b", tags=[pair("ok", "no")]),
    post("model-versions/transition-stage", name="<u>-a", version="1", stage="Staging"),
    post("registered-models/alias", name="<u>-a", alias="best", version="2"),
]


def models(condition="", **query):
    return get("registered-models/search", {"filter": condition, "max_results": 10, **query})


def my_models(condition="", **query):
    return models(f"name ILIKE '<u>-%' {condition}".strip(), **query)


def versions(condition="", **query):
    return get(
        "model-versions/search",
        {"filter": condition, "max_results": 10, "order_by": ["name", "version_number"], **query},
    )


def my_versions(condition="", **query):
    return versions(f"name ILIKE '<u>-%' {condition}".strip(), **query)


BAD_MODEL_FILTERS = (
    "  ",
    "name",
    "name =",
    "name = x",
    "name > 'x'",
    "`name` = 'x'",
    "attributes.name = 'x'",
    "Name = 'x'",
    "description = 'x'",
    "creation_timestamp > 1",
    "run_id = 'x'",
    "bogus = 'x'",
    "params.a = 'x'",
    "tags.a IN ('x')",
    "tags.a > 'x'",
    "tags.a IS NULL",
    "name IS NULL",
    "name IN ()",
    "name IN (1)",
    "name = 5",
    "name == 'x'",
    "name <> 'x'",
    "name = 'a'; name = 'b'",
    "tags.a-b = 'x'",
    "name NOT LIKE 'x'",
    "1 = 1",
)
BAD_VERSION_FILTERS = (
    "  ",
    "name",
    "version = '1'",
    "source = 'x'",
    "current_stage = 'Staging'",
    "status = 'READY'",
    "aliases = 'x'",
    "model_id = 'x'",
    "creation_timestamp > 1",
    "name > 'x'",
    "version_number = 1.0",
    "version_number LIKE '1'",
    "version_number IN (1)",
    "version_number = 'abc'",
    "source_path IN ('x')",
    "source_path > 'x'",
    "run_id > 'x'",
    "tags.a IS NULL",
    "tags.a IN ('x')",
    "name IS NULL",
    "name IN ()",
    "bogus = 'x'",
    "params.a = 'x'",
    "name = x",
    "run_id IN (1)",
)

CASES = [
    case("models: everything", *THREE, my_models()),
    case(
        "models: filters",
        *THREE,
        *[
            my_models(f"AND {c}")
            for c in (
                "name = '<u>-a'",
                "name != '<u>-a'",
                "name LIKE '%-c'",
                "name ILIKE '%-c'",
                "name like '<u>-%'",
                "name IN ('<u>-a','<u>-b')",
                "name NOT IN ('<u>-a')",
                "attribute.name = '<u>-a'",
                "tags.tier = 'gold'",
                "tag.tier != 'gold'",
                "tags.`tier` LIKE '%n'",
                "tags.tier ILIKE 'GOLD'",
                "tags.tier = 'gold' AND tags.x = '1'",
                "tags.tier LIKE 'g%' AND tags.tier LIKE '%x'",
                "tags.none = 'x'",
            )
        ],
    ),
    *[case(f"models refuse {c!r}", models(c)) for c in BAD_MODEL_FILTERS],
    case("models: order", *THREE, *[my_models(order_by=[o]) for o in ("name", "name DESC", "name asc")]),
    case(
        "models: order refused",
        *THREE,
        *[
            my_models(order_by=[o])
            for o in ("creation_timestamp", "attribute.name", "tags.tier", "bogus", "name SIDEWAYS", "")
        ],
        my_models(order_by=["name", "name"]),
        my_models(order_by=["timestamp", "last_updated_timestamp"]),
    ),
    case(
        "models: page size",
        *THREE,
        *[my_models(max_results=n) for n in (1000, 1001, "abc", 3)],
        get("registered-models/search", filter="name ILIKE '<u>-%'"),
    ),
    case("models: empty pages", *THREE, my_models(max_results=0), my_models(max_results=-1)),
    case(
        "models: pages",
        *THREE,
        my_models(max_results=2).keep(token="next_page_token"),
        my_models(max_results=2, page_token="<token>"),
        my_models(page_token="bogus"),
        my_models(page_token="e30="),
    ),
    case("models: versions and aliases inside", *VERSIONS, my_models()),
    case(
        "models: prompts are hidden",
        *THREE,
        PROMPT,
        my_models(),
        *[
            my_models(f"AND tags.`mlflow.prompt.is_prompt` {c}")
            for c in ("= 'true'", "!= 'false'", "= 'false'", "!= 'true'", "LIKE 'true'", "= 'TRUE'")
        ],
    ),
    case("versions: everything", *VERSIONS, my_versions()),
    case(
        "versions: filters",
        *VERSIONS,
        *[
            my_versions(f"AND {c}")
            for c in (
                "name = '<u>-a'",
                "name != '<u>-a'",
                "name IN ('<u>-a')",
                "name NOT IN ('<u>-a')",
                "run_id = '<run>'",
                "run_id != '<run>'",
                "run_id LIKE '<run>'",
                "run_id IN ('<run>','<two>')",
                "run_id NOT IN ('<run>')",
                "source_path LIKE '%<two>%'",
                "source_path != 'x'",
                "source_path ILIKE '%MODEL'",
                "version_number = 1",
                "version_number = '1'",
                "version_number != 1",
                "version_number > 1",
                "version_number <= 1",
                "attribute.version_number >= 2",
                "tags.ok = 'yes'",
                "tags.ok != 'yes'",
                "tags.ok LIKE '%'",
                "tags.none = 'x'",
                "tags.ok = 'yes' AND version_number = 1",
            )
        ],
    ),
    *[case(f"versions refuse {c!r}", versions(c)) for c in BAD_VERSION_FILTERS],
    case(
        "versions: order",
        *VERSIONS,
        *[
            my_versions(order_by=o)
            for o in (
                ["name DESC"],
                ["version_number DESC", "name"],
                ["name ASC", "version_number DESC"],
                ["attribute.name"],
                ["attribute.version_number ASC"],
            )
        ],
    ),
    case(
        "versions: order refused",
        *VERSIONS,
        *[
            my_versions(order_by=[o])
            for o in ("version", "timestamp", "run_id", "tags.ok", "bogus", "", "name SIDEWAYS")
        ],
        my_versions(order_by=["name", "name"]),
    ),
    case("versions: page size", *VERSIONS, *[my_versions(max_results=n) for n in (200000, 200001, 0, -1, "abc", 3)]),
    case(
        "versions: pages",
        *VERSIONS,
        my_versions(max_results=2).keep(token="next_page_token"),
        my_versions(max_results=2, page_token="<token>"),
        my_versions(page_token="bogus"),
    ),
    case(
        "versions: deleted ones", *VERSIONS, delete("model-versions/delete", name="<u>-a", version="1"), my_versions()
    ),
]
