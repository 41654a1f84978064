"""HTTPS calls to a world's service APIs as a client makes them: real host names in SNI and Host, the world's address below.

The SAS token is written in each of the forms that clients write (SAS_FORMS), so that none of them depends on another's.
"""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from urllib.parse import quote, quote_plus

LIFE_S = 600  # az's.


def connection_parts(text):
    """A connection string as {"HostName", "SharedAccessKeyName", "SharedAccessKey"}."""
    return dict(part.split("=", 1) for part in text.split(";"))


def sign(key, resource, expiry):
    digest = hmac.new(base64.b64decode(key), f"{resource}\n{expiry}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def az_token(host, policy, key, expiry=None):
    """az: quote_plus, and the encoded resource is what is signed."""
    expiry, resource = expiry or int(time.time()) + LIFE_S, quote_plus(host)
    signature = quote_plus(sign(key, resource, expiry))
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={policy}"


def node_token(host, policy, key, expiry=None):
    """Node: encodeURIComponent, the fields in another order."""
    expiry, resource = expiry or int(time.time()) + LIFE_S, quote(host, safe="!'()*")
    signature = quote(sign(key, resource, expiry), safe="!'()*")
    return f"SharedAccessSignature sr={resource}&sig={signature}&skn={policy}&se={expiry}"


def dotnet_token(host, policy, key, expiry=None):
    """.NET: WebUtility.UrlEncode, the signature before the expiry."""
    expiry, resource = expiry or int(time.time()) + LIFE_S, quote_plus(host, safe="!()*-._")
    signature = quote_plus(sign(key, resource, expiry), safe="!()*-._")
    return f"SharedAccessSignature sr={resource}&sig={signature}&se={expiry}&skn={policy}"


def raw_token(host, policy, key, expiry=None):
    """Python over AMQP, and hand-written scripts: the resource as it is, the slashes of the signature too."""
    expiry = expiry or int(time.time()) + LIFE_S
    return f"SharedAccessSignature sr={host}&sig={quote(sign(key, host, expiry))}&se={expiry}&skn={policy}"


SAS_FORMS = {"az": az_token, "node": node_token, "dotnet": dotnet_token, "raw": raw_token}


class Reply:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)} {self.body[:2000]!r}"


class _Connection(http.client.HTTPSConnection):
    """Connects to one address and checks the certificate for the host's own name, as curl --connect-to does."""

    def __init__(self, host, address, ca):
        super().__init__(host, 443, timeout=30, context=ssl.create_default_context(cafile=str(ca)))
        self.address, self.tls = address, ssl.create_default_context(cafile=str(ca))

    def connect(self):
        plain = socket.create_connection((self.address, self.port), self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host)


class ServiceRest:
    """One kept-alive connection to a hub or a DPS instance, by its connection string."""

    def __init__(self, world, connection_string, token=az_token):
        parts = connection_parts(connection_string)
        self.host, self.policy, self.key = (parts[name] for name in ("HostName", "SharedAccessKeyName", "SharedAccessKey"))
        self.connection, self.token = _Connection(self.host, world.address, world.ca), token

    def close(self):
        self.connection.close()

    def authorization(self):
        return self.token(self.host, self.policy, self.key)

    def send(self, method, target, body=None, headers=None):
        """`body` as JSON unless it is bytes; `headers` over the usual ones, None leaves one out."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": self.authorization(), "Accept": "application/json"}
        if content is not None:
            sent["Content-Type"] = "application/json; charset=utf-8"
        sent.update(headers or {})
        self.connection.request(method, target, content, {name: value for name, value in sent.items() if value is not None})
        return Reply(self.connection.getresponse())


def hub_connection_string(world, *options):
    return world.json("hub", "connection-string", "show", *options)["connectionString"]


def dps_connection_string(world, *options):
    return world.json("dps", "connection-string", "show", *options)["connectionString"]
