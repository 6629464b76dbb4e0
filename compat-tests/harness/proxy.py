"""A reverse proxy as people put in front: another host name, and a prefix that it takes away."""

import http.client
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# Known to the browser of the tests only.
NAME = "tidemill.test"
HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


@contextmanager
def in_front_of(address: str, prefix: str):
    """Yields the address of a proxy that serves `address` below `prefix`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(urlsplit(address), prefix))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{NAME}:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()


def _handler(target, prefix: str):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            if not self.path.startswith(f"{prefix}/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            headers |= {"X-Forwarded-Host": self.headers["host"], "X-Forwarded-Prefix": prefix, "X-Forwarded-Proto": "http"}
            connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            connection.request(self.command, target.path + self.path.removeprefix(prefix), body, headers)
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
            connection.close()

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = forward

        def log_message(self, *_):
            pass

    return Handler
