"""The official OpenAPI document, applied to what the bot sends.

A small evaluator of the JSON Schema keywords that the document uses. Unlike a general library it
follows the `type` that tells a union's members apart, so that a complaint names the one field
that is wrong, and it is quick enough to stand in the path of every request.
"""

from __future__ import annotations

import gzip
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
VARIABLE = "PASSAGE_DISCORD_OPENAPI"
BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[3] / "shared" / "discord"

TYPES: dict[str, Callable[[Json], bool]] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def find_document() -> Path | None:
    """Return where the document is: the file or folder named by the environment, or the usual."""
    place = Path(os.environ.get(VARIABLE) or BESIDE_THE_REPOSITORY)
    if place.is_dir():
        found = sorted(place.glob("openapi.json*"))
        return found[0] if found else None
    return place if place.is_file() else None


class Schema:
    """Checks request bodies against the document."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self._allow_for_the_library()
        self._routes = [
            (re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path)
            # Literal segments before placeholders: `@original` before `{message_id}`.
            for path in sorted(document["paths"], key=lambda p: p.count("{"))
        ]

    @classmethod
    def load(cls) -> Schema | None:
        """Read the document where there is one."""
        path = find_document()
        if path is None:
            return None
        raw = path.read_bytes()
        return cls(json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw))

    def _allow_for_the_library(self) -> None:
        # discord.py writes the snowflakes of allowed_mentions, message_reference, recipient_id
        # and attachments as JSON numbers; the API reference ("Snowflake ID") takes both.
        snowflake = self.document["components"]["schemas"]["SnowflakeType"]
        snowflake["type"] = ["string", "integer"]

    def template(self, method: str, path: str) -> str | None:
        """Return the documented route that a path belongs to."""
        template: str
        for pattern, template in self._routes:
            if pattern.fullmatch(path) and method.lower() in self.document["paths"][template]:
                return template
        return None

    def check(self, method: str, path: str, body: Json, *, multipart: bool = False) -> list[str]:
        """Return what is wrong with a body, as `path: reason`."""
        template = self.template(method, path)
        if template is None:
            return [f"{method} {path}: no such route"]
        request = self.document["paths"][template][method.lower()].get("requestBody")
        if request is None:
            return [] if body is None else ["$: this route takes no body"]
        if body is None:
            return ["$: a body is missing"] if request.get("required") else []
        content = request["content"]
        kind = "multipart/form-data" if multipart else "application/json"
        if kind not in content:
            return [f"$: {kind} isn't taken here"]
        return list(self._errors(content[kind]["schema"], body, "$"))

    def _resolve(self, schema: Json) -> Json:
        while "$ref" in schema:
            target = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            schema = target
        return schema

    def _errors(self, schema: Json, value: Json, path: str) -> Iterator[str]:
        schema = self._resolve(schema)
        kinds = schema.get("type")
        names = [kinds] if isinstance(kinds, str) else kinds or []
        if names and not any(TYPES[name](value) for name in names):
            yield f"{path}: {short(value)} is not of type {' or '.join(names)}"
            return
        if "const" in schema and value != schema["const"]:
            yield f"{path}: {short(value)} is not {schema['const']!r}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{path}: {short(value)} is not one of {schema['enum']}"
        for part in schema.get("allOf", ()):
            yield from self._errors(part, value, path)
        for union in (schema[k] for k in ("oneOf", "anyOf") if k in schema):
            yield from self._union(union, value, path)
        yield from self._contents(schema, value, path)

    def _contents(self, schema: Json, value: Json, path: str) -> Iterator[str]:
        if TYPES["object"](value):
            yield from self._object(schema, value, path)
        elif TYPES["array"](value):
            yield from self._array(schema, value, path)
        elif TYPES["string"](value):
            yield from _string(schema, value, path)
        elif TYPES["number"](value):
            yield from _number(schema, value, path)

    def _union(self, members: list[Json], value: Json, path: str) -> Iterator[str]:
        best: list[str] | None = None
        for member in self._candidates(members, value):
            errors = list(self._errors(member, value, path))
            if not errors:
                return
            if best is None or len(errors) < len(best):
                best = errors
        yield from best or [f"{path}: {short(value)} fits none of the alternatives"]

    def _candidates(self, members: list[Json], value: Json) -> list[Json]:
        """Leave only the members of a union that are meant: by `type`, or by not being null."""
        resolved = [self._resolve(m) for m in members]
        if value is not None:
            resolved = [m for m in resolved if m.get("type") != "null"]
        if not isinstance(value, dict) or "type" not in value:
            return resolved
        told = [m for m in resolved if self._kinds(m) is not None]
        if len(told) < len(resolved) or len(resolved) < 2:
            return resolved
        return [m for m in told if value["type"] in (self._kinds(m) or ())]

    def _kinds(self, member: Json) -> list[Json] | None:
        kind = self._resolve(member.get("properties", {}).get("type", {}))
        enum: list[Json] | None = kind.get("enum")
        return enum

    def _object(self, schema: Json, value: Json, path: str) -> Iterator[str]:
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}: {name} is missing"
        if len(value) > schema.get("maxProperties", len(value)):
            yield f"{path}: more than {schema['maxProperties']} members"
        properties, extra = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name in properties:
                yield from self._errors(properties[name], item, f"{path}.{name}")
            elif isinstance(extra, dict):
                yield from self._errors(extra, item, f"{path}.{name}")
            elif extra is False:
                yield f"{path}: {name} isn't known"

    def _array(self, schema: Json, value: Json, path: str) -> Iterator[str]:
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            low, high = schema.get("minItems", 0), schema.get("maxItems", "any number of")
            yield f"{path}: {len(value)} items, {low} to {high} allowed"
        if schema.get("uniqueItems"):
            seen = [json.dumps(item, sort_keys=True) for item in value]
            if len(set(seen)) < len(seen):
                yield f"{path}: items repeat"
        for index, item in enumerate(value):
            if "items" in schema:
                yield from self._errors(schema["items"], item, f"{path}[{index}]")


def _string(schema: Json, value: str, path: str) -> Iterator[str]:
    low, high = schema.get("minLength", 0), schema.get("maxLength", len(value))
    if not low <= len(value) <= high:
        yield f"{path}: {len(value)} characters, {low} to {high} allowed"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{path}: {short(value)} doesn't match {schema['pattern']}"
    if schema.get("format") == "date-time":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            yield f"{path}: {short(value)} is not a time"
    if schema.get("format") == "uri" and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S+$", value):
        yield f"{path}: {short(value)} is not a URI"


def _number(schema: Json, value: float, path: str) -> Iterator[str]:
    if value < schema.get("minimum", value) or value > schema.get("maximum", value):
        low, high = schema.get("minimum", "-inf"), schema.get("maximum", "inf")
        yield f"{path}: {value} is not within {low} to {high}"


def short(value: Json) -> str:
    """Show a value in a complaint."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
