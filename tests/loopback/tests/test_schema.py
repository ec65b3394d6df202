"""The evaluator of the official document agrees with the document."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.loopback.schema import VARIABLE, Schema, find_document

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = "/channels/1/messages"
SMALL: dict[str, Any] = {
    "paths": {
        "/things/{id}": {
            "put": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "oneOf": [
                                    {"type": "null"},
                                    {"$ref": "#/components/schemas/Cat"},
                                    {"$ref": "#/components/schemas/Dog"},
                                ]
                            }
                        }
                    },
                }
            }
        }
    },
    "components": {
        "schemas": {
            "SnowflakeType": {"type": "string", "pattern": "^[0-9]+$"},
            "Cat": {
                "type": "object",
                "properties": {
                    "type": {"enum": [1]},
                    "lives": {"type": "integer", "minimum": 1, "maximum": 9},
                    "owner": {"$ref": "#/components/schemas/SnowflakeType"},
                },
                "required": ["type", "lives"],
            },
            "Dog": {
                "type": "object",
                "properties": {
                    "type": {"enum": [2]},
                    "tricks": {
                        "type": "array",
                        "items": {"type": "string", "maxLength": 4},
                        "maxItems": 2,
                        "uniqueItems": True,
                    },
                },
                "required": ["type"],
            },
        }
    },
}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"type": 1, "lives": 9, "owner": "12"}, None),
        ({"type": 1, "lives": 9, "owner": 12}, None),
        ({"type": 1, "lives": 9, "owner": "me"}, "$.owner: 'me' doesn't match ^[0-9]+$"),
        ({"type": 1, "lives": 10}, "$.lives: 10 is not within 1 to 9"),
        ({"type": 1, "lives": True}, "$.lives: True is not of type integer"),
        ({"type": 1}, "$: lives is missing"),
        ({"type": 2, "tricks": ["sit", "stays"]}, "$.tricks[1]: 5 characters, 0 to 4 allowed"),
        ({"type": 2, "tricks": ["a", "b", "c"]}, "$.tricks: 3 items, 0 to 2 allowed"),
        ({"type": 2, "tricks": ["a", "a"]}, "$.tricks: items repeat"),
        ({"type": 3}, "$: {'type': 3} fits none of the alternatives"),
        (None, "$: a body is missing"),
    ],
)
def test_a_complaint_names_the_field_and_the_reason(body: Any, complaint: str | None) -> None:
    schema = Schema(json.loads(json.dumps(SMALL)))
    assert schema.check("PUT", "/things/7", body) == ([complaint] if complaint else [])


def test_the_environment_names_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert Schema.load() is None
    document = tmp_path / "openapi.json.gz"
    document.write_bytes(gzip.compress(json.dumps(SMALL).encode()))
    for place in (tmp_path, document):
        monkeypatch.setenv(VARIABLE, str(place))
        schema = Schema.load()
        assert schema is not None
        assert schema.template("PUT", "/things/7") == "/things/{id}"


@pytest.mark.skipif(find_document() is None, reason="the official document isn't here")
@pytest.mark.parametrize(
    ("path", "method", "body", "complaints"),
    [
        (MESSAGES, "POST", {"content": "x", "nonce": "1", "tts": False}, 0),
        (MESSAGES, "POST", {"content": 5}, 1),
        (MESSAGES, "POST", {"components": [{"type": 10, "content": ""}]}, 1),
        (MESSAGES, "POST", {"components": [{"type": 99}]}, 1),
        ("/interactions/1/x/callback", "POST", {"type": 5, "data": {"flags": 64}}, 0),
        ("/interactions/1/x/callback", "POST", {"type": 99}, 1),
        ("/webhooks/1/x/messages/@original", "PATCH", {"content": "x" * 2001}, 1),
        ("/applications/1/commands", "PUT", [{"name": "a" * 33}], 1),
        ("/nowhere", "POST", {}, 1),
    ],
)
def test_the_official_document_is_applied(
    path: str, method: str, body: Any, complaints: int
) -> None:
    schema = Schema.load()
    assert schema is not None
    assert len(schema.check(method, path, body)) == complaints
