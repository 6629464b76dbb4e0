"""The runs that both servers get: number `n` of them, its metric, params and tags."""

START = 1_760_000_000_000


def name(n: int) -> str:
    return f"run-{n:06}"


def points(n: int, count: int) -> list[tuple[int, int, float]]:
    """Timestamp, step and value of each point of the metric `loss`."""
    top = 1 + n * 7919 % 1000 / 1000
    return [(START + n * 1000 + step, step, top / (step + 1)) for step in range(count)]


def params(n: int) -> dict[str, str]:
    return {"lr": str(0.1 / (n % 10 + 1)), "optimizer": ("adam", "sgd")[n % 2], "layers": str(n % 7)}


def tags(n: int) -> dict[str, str]:
    return {"mlflow.runName": name(n), "mlflow.user": "speed", "team": ("vision", "text", "sound")[n % 3]}
