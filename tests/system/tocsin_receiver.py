"""Somebody's HTTP door for tests: answers POSTs as it is told to, and keeps what it got."""
import base64
import hashlib
import hmac
import http.server
import json
import threading


class Receiver:
    """Listens on loopback. `answer` is the status of what comes; .requests are (path, headers, body) of all that came."""

    def __init__(self, answer=204):
        self.answer, self.requests = answer, []
        owner = self

        class Door(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = owner.answer
                owner.requests.append((self.path, dict(self.headers), body, status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/hook"

    def taken(self):
        """The CloudEvents of the requests that were answered with 2xx, in order."""
        return [event for _, _, body, status in list(self.requests) if 200 <= status < 300 for event in json.loads(body)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def signature(secret, headers, body):
    """What Standard Webhooks wants in webhook-signature."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
