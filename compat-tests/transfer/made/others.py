"""Kinds that only the newest versions have, which are not carried: webhooks, evaluation datasets, MCP servers."""

from __future__ import annotations

from .store import Store


def make_others(store: Store, experiments: dict[str, str]) -> None:
    client = store.client
    if store.has("create_webhook"):
        events = ["registered_model.created"]
        # A public address, since others are refused; it is never called.
        store.attempt("webhooks", "", client.create_webhook, "hook", "https://8.8.8.8/hook", events, status="DISABLED")
    if store.has("create_dataset"):
        made = store.attempt(
            "evaluation datasets", "", client.create_dataset, "questions", experiments["main"], {"k": "v"}
        )
        if made:
            store.attempt(
                "dataset records", "", made.merge_records, [{"inputs": {"q": "?"}, "expectations": {"a": "!"}}]
            )
    if store.has("create_mcp_server"):
        store.attempt("MCP servers", "", client.create_mcp_server, "com.example/tool", "a tool")
