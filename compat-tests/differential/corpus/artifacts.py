"""Artifacts: the proxy, listings, downloads outside /api, presigned and multipart forms."""

from differential.builders import EXPERIMENT, logged_model, model, run, version
from differential.steps import case, get, post, raw, without_each

RUN = [EXPERIMENT, run()]
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
HERE = f"{PROXY}/<exp>/<run>/artifacts"
SHOWN = ("content-disposition", "x-content-type-options")
UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"


def upload(name, content="content", where=HERE):
    return raw("PUT", f"{where}/{name}", content)


def download(name, where=HERE, **headers):
    return raw("GET", f"{where}/{name}", **headers).comparing(*SHOWN)


def remove(name, where=HERE):
    return raw("DELETE", f"{where}/{name}")


def listing(**query):
    return get("artifacts/list", {"run_id": "<run>", **query})


def proxied(path):
    return get(PROXY, path=path)


def file(path, **query):
    return get("/get-artifact", {"run_id": "<run>", "path": path, **query}).comparing(*SHOWN)


NAMES = (
    "a.txt",
    "a.html",
    "a.svg",
    "a.json",
    "a.yaml",
    "a.csv",
    "a.py",
    "a.md",
    "a.xml",
    "a.png",
    "a.jpg",
    "a.pdf",
    "a.pkl",
    "a.zip",
    "a.tar.gz",
    "a.js",
    "a.css",
    "a.log",
    "a.ipynb",
    "MLmodel",
    "conda.yaml",
    "noext",
    "a.parquet",
    "a.TXT",
    "a.unknownext",
    "a.mp4",
    "a.tsv",
    "a.ini",
    "a.toml",
    "a.gif",
    "a.wasm",
    "a.bin",
    "a.jsonl",
)
ESCAPES = (
    "../x",
    "..%2fx",
    "%2e%2e/x",
    "%252e%252e/x",
    "%25252e%25252e/x",
    "a/../../x",
    "a/%2e%2e/%2e%2e/x",
    "a%23b",
    "%2Fetc%2Fpasswd",
    "/etc/passwd",
    "a//b",
    "./a",
    "C:%5Cx",
    "a%00b",
    "..",
    "a%5c..%5cb",
    "a%0Ab",
    "~",
    "a%3Fb",
)

CASES = [
    case(
        "upload, download, delete",
        *RUN,
        upload("f.txt"),
        download("f.txt"),
        remove("f.txt"),
        download("f.txt"),
        remove("f.txt"),
    ),
    case("an upload replaces", *RUN, upload("f.txt", "one"), upload("f.txt", "two"), download("f.txt")),
    case("an empty file", *RUN, upload("f.txt", ""), download("f.txt"), listing()),
    case("content types", *RUN, *[step for name in NAMES for step in (upload(name), download(name))]),
    case("content types of get-artifact", *RUN, *[step for name in NAMES for step in (upload(name), file(name))]),
    case(
        "names",
        *RUN,
        *[
            step
            for name in (
                "with%20space.txt",
                "%C3%BC.txt",
                "plus+sign.txt",
                "100%25.txt",
                "quote'.txt",
                "double%22quote.txt",
                "semi;colon.txt",
                "deep/er/f.txt",
                "%E6%97%A5.txt",
                "comma,.txt",
                "a&b.txt",
            )
            for step in (upload(name), download(name))
        ],
        listing(),
        listing(path="deep"),
    ),
    case("paths that climb out: upload", *RUN, *[upload(name) for name in ESCAPES]),
    case("paths that climb out: download", *RUN, *[download(name) for name in ESCAPES]),
    case("paths that climb out: delete", *RUN, upload("f.txt"), *[remove(name) for name in ESCAPES], listing()),
    case(
        "paths that climb out: listing",
        *RUN,
        *[
            listing(path=p)
            for p in (
                "../x",
                "..",
                "/etc",
                "a/../../x",
                "%2e%2e",
                "a#b",
                "file:///etc",
                "C:/x",
                "a//b",
                ".",
                "./a",
                "~",
            )
        ],
    ),
    case(
        "paths that climb out: proxied listing",
        *RUN,
        *[proxied(p) for p in ("../x", "..", "/etc", "<exp>/../..", "%2e%2e", "a#b", "C:/x", "~")],
    ),
    case(
        "paths that climb out: get-artifact",
        *RUN,
        *[
            file(p)
            for p in (
                "../x",
                "..",
                "/etc/passwd",
                "a/../../x",
                "%2e%2e/x",
                "file:///etc/passwd",
                "C:/x",
                "//host/share",
                "a#b",
                "",
            )
        ],
    ),
    case(
        "ranges",
        *RUN,
        upload("f.txt", "0123456789"),
        *[
            download("f.txt", Range=r).comparing("content-range", "accept-ranges")
            for r in (
                "bytes=0-3",
                "bytes=5-",
                "bytes=-2",
                "bytes=0-0",
                "bytes=3-100",
                "bytes=20-30",
                "bytes=5-2",
                "bogus",
            )
        ],
    ),
    case(
        "download of a folder or nothing",
        *RUN,
        upload("d/f.txt"),
        download("d"),
        download("d/"),
        download("none"),
        raw("GET", f"{HERE}/"),
        file("d"),
        file("none"),
    ),
    case("delete a folder", *RUN, upload("d/f.txt"), remove("d"), listing(), remove("none/none")),
    case("a file where a folder is and the reverse", *RUN, upload("d/f.txt"), upload("d/g.txt"), listing(path="d")),
    case(
        "listing",
        *RUN,
        listing(),
        upload("b.txt", "12"),
        upload("a/x.txt", "1"),
        upload("a/y/z.txt", "123"),
        listing(),
        listing(path="a"),
        listing(path="a/"),
        listing(path="a/y"),
        listing(path="a/x.txt"),
        listing(path="none"),
        listing(path=""),
    ),
    case(
        "listing: refused",
        get("artifacts/list"),
        get("artifacts/list", run_id=""),
        get("artifacts/list", run_id="0" * 32),
        *RUN,
        get("artifacts/list", run_uuid="<run>"),
        listing(page_token="x"),
    ),
    case(
        "listing of a deleted run", *RUN, upload("f.txt"), post("runs/delete", run_id="<run>"), listing(), file("f.txt")
    ),
    case(
        "proxied listing",
        *RUN,
        upload("a/x.txt", "1"),
        upload("b.txt", "12"),
        proxied("<exp>/<run>/artifacts"),
        proxied("<exp>/<run>/artifacts/a"),
        proxied("<exp>/<run>/artifacts/b.txt"),
        proxied("<exp>/none"),
        proxied("<exp>/<run>/artifacts/"),
    ),
    case(
        "get-artifact",
        *RUN,
        upload("f.txt"),
        file("f.txt"),
        get("/get-artifact", run_uuid="<run>", path="f.txt"),
        get("/get-artifact", run_id="<run>"),
        get("/get-artifact", path="f.txt"),
        get("/get-artifact", run_id="0" * 32, path="f.txt"),
        get("/get-artifact"),
    ),
    case(
        "files of a version",
        *RUN,
        model(),
        version(),
        upload("model/MLmodel", "a: 1"),
        *[
            get("/model-versions/get-artifact", name="<u>", version=v, path=p).comparing(*SHOWN)
            for v, p in (
                ("1", "MLmodel"),
                ("1", "none"),
                ("9", "MLmodel"),
                ("1", "../f.txt"),
                ("1", "/etc/passwd"),
                ("abc", "MLmodel"),
            )
        ],
        get("/model-versions/get-artifact", name="<u>-absent", version="1", path="MLmodel"),
        get("/model-versions/get-artifact", name="<u>", version="1"),
        get("/model-versions/get-artifact"),
    ),
    case(
        "files of a logged model",
        *RUN,
        logged_model(),
        upload("f.txt", "123", f"{PROXY}/<exp>/models/<model>/artifacts"),
        upload("d/g.txt", "1", f"{PROXY}/<exp>/models/<model>/artifacts"),
        get("logged-models/<model>/artifacts/directories"),
        get("logged-models/<model>/artifacts/directories", artifact_directory_path="d"),
        *[
            get("/ajax-api/2.0/mlflow/logged-models/<model>/artifacts/files", artifact_file_path=p).comparing(*SHOWN)
            for p in ("f.txt", "d/g.txt", "none", "../x", "/etc/passwd", "d")
        ],
        get("/ajax-api/2.0/mlflow/logged-models/<model>/artifacts/files"),
        get("/ajax-api/2.0/mlflow/logged-models/m-none/artifacts/files", artifact_file_path="f.txt"),
    ),
    case(
        "upload by the user interface",
        *RUN,
        raw("POST", f"{UPLOAD}?run_uuid=<run>&path=ui.txt", "hello"),
        file("ui.txt"),
        raw("POST", f"{UPLOAD}?run_uuid=<run>&path=d/ui.txt", "hello"),
        listing(),
        raw("POST", f"{UPLOAD}?run_uuid=<run>", "x"),
        raw("POST", f"{UPLOAD}?path=x", "x"),
        raw("POST", f"{UPLOAD}?run_uuid=<run>&path=../x", "x"),
        raw("POST", f"{UPLOAD}?run_uuid=<run>&path=e.txt", ""),
        raw("POST", f"{UPLOAD}?run_uuid=00000000000000000000000000000000&path=x", "x"),
    ),
    case(
        "presigned on local storage",
        *RUN,
        upload("f.txt"),
        post("artifacts/presigned-download-url", run_id="<run>", path="f.txt"),
        post("artifacts/presigned-upload-url", run_id="<run>", path="g.txt"),
        raw("GET", "/api/2.0/mlflow-artifacts/presigned/<exp>/<run>/artifacts/f.txt"),
    ),
    case(
        "presigned: refused",
        *RUN,
        *without_each(post, "artifacts/presigned-download-url", {"run_id": "<run>", "path": "f"}, ["run_id", "path"]),
        *without_each(post, "artifacts/presigned-upload-url", {"run_id": "<run>", "path": "f"}, ["path"]),
        post("artifacts/presigned-download-url", run_id="<run>", path="../x"),
        *[
            post("artifacts/presigned-download-url", run_id="<run>", path="f", expiration=e)
            for e in (0, -1, 604801, "abc")
        ],
        post("artifacts/presigned-download-url", run_id="0" * 32, path="f"),
        post("artifacts/presigned-upload-url", path="f"),
        post("artifacts/presigned-upload-url", run_id="<run>", model_id="m-x", path="f"),
    ),
    case(
        "multipart on local storage",
        *RUN,
        *[
            post(f"/api/2.0/mlflow-artifacts/mpu/{verb}/<exp>/<run>/artifacts", fields)
            for verb, fields in (
                ("create", {"path": "f", "num_parts": 2}),
                ("complete", {"path": "f", "upload_id": "x", "parts": []}),
                ("abort", {"path": "f", "upload_id": "x"}),
            )
        ],
        *[
            post(f"/api/2.0/mlflow-artifacts/mpu/{verb}/<exp>/<run>/artifacts", {})
            for verb in ("create", "complete", "abort")
        ],
        post("/api/2.0/mlflow-artifacts/mpu/create/<exp>/../x", path="../f", num_parts=1),
    ),
    case(
        "methods",
        *RUN,
        raw("POST", f"{HERE}/f.txt", "x"),
        raw("PATCH", f"{HERE}/f.txt", "x"),
        raw("PUT", PROXY, "x"),
        raw("DELETE", PROXY),
    ),
]
