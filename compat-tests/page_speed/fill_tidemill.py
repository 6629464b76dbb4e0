"""Logs the runs through the API, eight clients at a time."""

import http.client
import json
import sys
import threading
from urllib.parse import urlsplit

from data import START, name, params, points, tags

CLIENTS = 8


def main(address: str, runs: int, count: int) -> None:
    experiment = call(connect(address), "experiments/create", {"name": "speed"})["experiment_id"]
    threads = [threading.Thread(target=log, args=(address, experiment, range(c, runs, CLIENTS), count)) for c in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def log(address: str, experiment: str, numbers: range, count: int) -> None:
    connection = connect(address)
    for n in numbers:
        run = {"experiment_id": experiment, "run_name": name(n), "start_time": START + n * 1000}
        run["tags"] = [{"key": key, "value": value} for key, value in tags(n).items()]
        run_id = call(connection, "runs/create", run)["run"]["info"]["run_id"]
        metrics = [{"key": "loss", "timestamp": t, "step": s, "value": v} for t, s, v in points(n, count)]
        pairs = [{"key": key, "value": value} for key, value in params(n).items()]
        call(connection, "runs/log-batch", {"run_id": run_id, "metrics": metrics, "params": pairs})
        call(connection, "runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": START + n * 1000 + 999})


def connect(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)


def call(connection: http.client.HTTPConnection, path: str, body: dict) -> dict:
    connection.request("POST", f"/api/2.0/mlflow/{path}", json.dumps(body), {"content-type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status} {content[:500]}")
    return json.loads(content)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
