"""Traces with spans, tags and assessments."""

from __future__ import annotations

from .store import START, Store

NANOSECONDS = 1_000_000


def make_traces(store: Store, experiments: dict[str, str], runs: dict[str, str]) -> None:
    if not store.has("start_trace"):
        return
    import mlflow

    for number, status in enumerate(("OK", "ERROR", "OK")):
        trace = store.attempt("traces", status, _trace, store, experiments["main"], number, status)
        if trace:
            _flush(mlflow)
            _judge(store, mlflow, trace, number)
            if store.has("link_traces_to_run"):
                store.attempt("traces of runs", "", store.client.link_traces_to_run, [trace], runs["finished"])


def _trace(store: Store, experiment: str, number: int, status: str) -> str:
    start = (START + number) * NANOSECONDS
    root = store.client.start_trace(
        f"request {number}", inputs={"q": "größe 模型"}, tags={"k": "v"}, experiment_id=experiment, start_time_ns=start
    )
    trace = getattr(root, "trace_id", None) or root.request_id
    for depth in range(3):
        span = store.client.start_span(
            f"step {depth}", trace, root.span_id, inputs={"n": depth}, start_time_ns=start + depth
        )
        store.client.end_span(trace, span.span_id, outputs={"n": depth}, end_time_ns=start + depth + NANOSECONDS)
        store.add("spans")
    store.client.end_trace(trace, outputs={"a": 1}, status=status, end_time_ns=start + 5 * NANOSECONDS)
    return trace


def _flush(mlflow) -> None:
    """Newer versions write traces beside the caller."""
    if hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging()


def _judge(store: Store, mlflow, trace: str, number: int) -> None:
    store.attempt("trace tags", "", store.client.set_trace_tag, trace, "after", "größe")
    if hasattr(mlflow, "log_feedback"):
        from mlflow.entities import AssessmentSource

        about = {"trace_id": trace, "source": AssessmentSource("HUMAN", "somebody")}
        store.attempt("assessments", "feedback", mlflow.log_feedback, name="good", value=number > 0, **about)
        store.attempt("assessments", "expectation", mlflow.log_expectation, name="answer", value="42", **about)
