"""A reverse proxy between a browser and a site, as hostile as those that stand before real ones: it answers for a site
that is away, lets a stream fall silent without an end, or holds every stream back.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Proxy:
    """``is_away``: every request gets the proxy's own page. ``holds_back``: no byte of a stream comes through.
    ``mute`` silences the streams that are open, and those alone.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream).netloc
        self.is_away = self.holds_back = False
        self.paths: list[str] = []
        self.generation = 0
        self.url = ""

    def mute(self) -> None:
        self.generation += 1

    def count(self, path: str) -> int:
        return self.paths.count(path)


@contextmanager
def proxied(upstream: str) -> Iterator[Proxy]:
    """A proxy before the site at ``upstream``, on a port of its own."""
    proxy = Proxy(upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._forward(None)

        def do_POST(self) -> None:
            self._forward(self.rfile.read(int(self.headers.get("content-length", 0))))

        def _forward(self, body: bytes | None) -> None:
            self.close_connection = True
            path = self.path.split("?")[0]
            proxy.paths.append(path)
            if proxy.is_away:
                self.send_response(502)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(BAD_GATEWAY)
                return
            connection = http.client.HTTPConnection(proxy.upstream, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                self._pass_on(connection.getresponse(), path == "/panel/events")
            except OSError:
                pass  # either side has left
            finally:
                connection.close()

        def _pass_on(self, answer: http.client.HTTPResponse, is_stream: bool) -> None:
            generation = proxy.generation
            if not (is_stream and proxy.holds_back):
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.end_headers()
            while piece := answer.read1(65_536):
                if is_stream and (proxy.holds_back or generation != proxy.generation):
                    continue  # swallowed
                self.wfile.write(piece)
                self.wfile.flush()

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Nothing is written."""

    return Handler
