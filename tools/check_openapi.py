#!/usr/bin/env python3
"""Keeps docs/reference/openapi and the table of routes of one mind, and the descriptions of objects closed.

A route of the hub's or the DPS API that has a handler is described, and nothing else is.
"""

import json
import re
import sys

import modules

ROUTES = "src/gateway/rest/routes.cpp"
FOLDER = "docs/reference/openapi"
APIS = ("hub", "dps")
ROUTE = re.compile(r'Route\{\s*Api::(\w+),\s*"(\w+)",\s*"([^"]+)",\s*\w+,\s*(\w+)')
VERBS = {"get", "put", "post", "patch", "delete"}


def built_routes(text):
    """{api: {(method, path)}} of what has a handler."""
    built = {api: set() for api in APIS}
    for api, method, path, handler in ROUTE.findall(text):
        if api in built and handler != "nullptr":
            built[api].add((method, path))
    return built


def described(description):
    return {(verb.upper(), path) for path, item in description["paths"].items() for verb in item if verb in VERBS}


def open_objects(schema, where):
    """Where an object neither closes itself nor says that it is open."""
    if isinstance(schema, list):
        for index, one in enumerate(schema):
            yield from open_objects(one, f"{where}/{index}")
    elif isinstance(schema, dict):
        # A member may itself be called "properties"; a schema's type is a word or several.
        is_object = isinstance(schema.get("type"), (str, list)) and "properties" in schema
        if is_object and "additionalProperties" not in schema:
            yield where
        for name, one in schema.items():
            yield from open_objects(one, f"{where}/{name}")


def check_api(api, built, description):
    path, findings = f"{FOLDER}/{api}.json", []
    for method, route in sorted(built - described(description)):
        findings.append((path, 1, f"{method} {route} answers and is not described", "describe it"))
    for method, route in sorted(described(description) - built):
        findings.append((path, 1, f"{method} {route} is described and has no handler in {ROUTES}", "take it out"))
    for where in open_objects(description["components"]["schemas"], "#/components/schemas"):
        findings.append((path, 1, f"{where} has properties and no additionalProperties", "close it, or say true"))
    return findings


def check(root=modules.ROOT):
    built, findings = built_routes((root / ROUTES).read_text()), []
    for api in APIS:
        findings += check_api(api, built[api], json.loads((root / FOLDER / f"{api}.json").read_text()))
    return findings


if __name__ == "__main__":
    sys.exit(modules.report(check(), "check_openapi"))
