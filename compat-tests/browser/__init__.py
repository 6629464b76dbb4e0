"""The stock web UI, in a browser, against a running server."""
