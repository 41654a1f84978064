"""A DPS service client of our own, after the documents of the REST API (there is none on PyPI).

Each operation of the API is a method; what differs between the clients in the field is chosen by `client`: how a path is
spelled, how an id is encoded, and how an etag becomes If-Match. The forms are those that az, Node and .NET were seen to write.
"""

import base64
import hashlib
import hmac
from urllib.parse import quote, quote_plus

from service_rest import ServiceRest, az_token, dotnet_token, node_token

INDIVIDUAL, GROUP = "enrollments", "enrollmentGroups"


class AzForms:
    """az: the path as documented, `If-Match: *` without quotes or the user's etag as given; reads name no condition."""

    token, api_version = staticmethod(az_token), "2021-10-01"
    headers = {"Cache-Control": "no-cache, must-revalidate", "accept-language": "en-US"}

    def path(self, collection, *more):
        return "/" + "/".join((collection, *(quote(one, safe="") for one in more)))

    def if_match(self, etag):
        return etag


class NodeForms(AzForms):
    """Node: lower case, a slash after the collection, the body's etag verbatim."""

    token = staticmethod(node_token)
    headers = {"Request-Id": "6e1c5b7b-6b8f-4ea3-9a3d-0c2d5d7a5a11"}

    def path(self, collection, *more):
        path = super().path(collection, *more)
        if more[-1:] == ("attestationmechanism",):
            return path.lower()
        return path if more else path + "/"


class DotnetForms(AzForms):
    """.NET: its own version, WebUtility.UrlEncode in paths, etags quoted unless they are."""

    token, api_version, headers = staticmethod(dotnet_token), "2019-03-31", {}

    def path(self, collection, *more):
        return "/" + "/".join((collection, *(quote_plus(one) for one in more)))

    def if_match(self, etag):
        return etag if etag.startswith('"') else f'"{etag}"'


FORMS = {"az": AzForms(), "node": NodeForms(), "dotnet": DotnetForms()}


class DpsServiceClient:
    def __init__(self, world, connection_string, client="az"):
        self.forms = FORMS[client]
        self.rest = ServiceRest(world, connection_string, self.forms.token)

    def close(self):
        self.rest.close()

    def call(self, method, collection, *path, body=None, etag=None, headers=None):
        sent = {**self.forms.headers, **(headers or {})}
        if etag is not None:
            sent["If-Match"] = self.forms.if_match(etag)
        target = f"{self.forms.path(collection, *path)}?api-version={self.forms.api_version}"
        return self.rest.send(method, target, body, sent)

    # Enrollments; `collection` is INDIVIDUAL or GROUP.

    def get(self, collection, name):
        return self.call("GET", collection, name)

    def put(self, collection, name, body, etag=None):
        return self.call("PUT", collection, name, body=body, etag=etag)

    def delete(self, collection, name, etag=None):
        return self.call("DELETE", collection, name, etag=etag)

    def bulk(self, collection, mode, items):
        return self.call("POST", collection, body={collection: items, "mode": mode})

    def attestation_mechanism(self, collection, name):
        return self.call("POST", collection, name, "attestationmechanism")

    def query(self, collection, text="SELECT *", page=None, token=None):
        return self.call("POST", collection, "query", body={"query": text}, headers=paging(page, token))

    # Registrations.

    def get_registration(self, name):
        return self.call("GET", "registrations", name)

    def delete_registration(self, name, etag=None):
        return self.call("DELETE", "registrations", name, etag=etag)

    def query_registrations(self, group, page=None, token=None):
        return self.call("POST", "registrations", group, "query", headers=paging(page, token))


def paging(page, token):
    asked = {"x-ms-max-item-count": page and str(page), "x-ms-continuation": token}
    return {name: value for name, value in asked.items() if value is not None}


def pages(ask):
    """Every page of `ask(token)`, until a reply has no token."""
    token = None
    while True:
        reply = ask(token)
        assert reply.status == 200, reply
        yield reply
        token = reply.headers["x-ms-continuation"]
        if token is None:
            return


def derived_key(group_key, registration_id):
    """A device's key from its group's (IoT DPS, "Symmetric key attestation")."""
    digest = hmac.new(base64.b64decode(group_key), registration_id.lower().encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
