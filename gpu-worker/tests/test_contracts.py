"""The pydantic mirrors against the JSON Schema that zod makes: names, required, defaults, types and bounds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from judo_gpu.failures import Exit
from judo_gpu.job import GrpoJob, InferJob, SftJob, Strict
from judo_gpu.rows import GrpoRow, InferenceAnswer, InferenceRequest, SftRow

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "contracts" / "schema"
# zod bounds every integer by what JavaScript holds exactly.
LARGEST_INTEGER = 2**53 - 1
# Checked by a validator, which JSON Schema does not show.
TREE_PATH = {"type": "string", "minLength": 1}


def shape(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    """A schema without what differs by style alone: references, titles, order, spellings of null, bounds and constants."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rsplit("/", 1)[1]]
        return shape(
            {**target, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions
        )
    schema = {key: value for key, value in schema.items() if key not in ("title", "description", "$schema")}
    if isinstance(schema.get("type"), list):
        variants = [{"type": kind} for kind in schema.pop("type")]
        schema["anyOf"] = variants
    if "anyOf" in schema:
        return {"anyOf": sorted((shape(each, definitions) for each in schema["anyOf"]), key=json.dumps)}
    if "const" in schema:
        return {"enum": [schema["const"]]}
    if "enum" in schema:
        return {"enum": sorted(schema["enum"])}
    if "properties" in schema:
        return object_shape(schema, definitions)
    known = ("type", "minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems", "minLength")
    normal = {key: schema[key] for key in known if key in schema}
    if normal.get("maximum") == LARGEST_INTEGER:
        del normal["maximum"]
    if "prefixItems" in schema:
        normal["items"] = [shape(each, definitions) for each in schema["prefixItems"]]
        normal.pop("minItems", None)
        normal.pop("maxItems", None)
    elif isinstance(schema.get("items"), dict):
        normal["items"] = shape(schema["items"], definitions)
    if isinstance(schema.get("additionalProperties"), dict):
        normal["values"] = shape(schema["additionalProperties"], definitions)
    return normal


def object_shape(schema: dict[str, Any], definitions: dict[str, Any]) -> Any:
    required = set(schema.get("required", []))
    fields = {}
    for name, field in schema["properties"].items():
        normal = shape(field, definitions)
        fields[name] = {"is": normal, "required": name in required}
        # An object whose fields all have defaults has only their defaults to tell.
        if "default" in field and "fields" not in normal:
            fields[name]["default"] = field["default"]
    return {"fields": fields, "open": schema.get("additionalProperties", True)}


def ours(model: type[Strict]) -> Any:
    schema = model.model_json_schema()
    return shape(schema, schema.get("$defs", {}))


def theirs(file: str) -> Any:
    return json.loads((SCHEMAS / file).read_text())


def with_tree_paths(normal: Any) -> Any:
    for field in ("images",):
        normal["fields"][field]["is"]["items"] = TREE_PATH
    return normal


@pytest.mark.parametrize(("task", "model"), [("sft", SftJob), ("grpo", GrpoJob), ("infer", InferJob)])
def test_the_job_is_the_contracts(task: str, model: type[Strict]) -> None:
    (variant,) = [
        each for each in theirs("job.schema.json")["oneOf"] if each["properties"]["task"]["const"] == task
    ]
    assert ours(model) == shape(variant, {})


@pytest.mark.parametrize("model", [SftRow, GrpoRow, InferenceRequest, InferenceAnswer])
def test_the_rows_are_the_contracts(model: type[Strict]) -> None:
    expected = shape(theirs("rows.schema.json")[model.__name__], {})
    mine = ours(model)
    assert (with_tree_paths(mine) if model is not InferenceAnswer else mine) == expected


def test_a_field_that_drifts_is_noticed() -> None:
    variant = theirs("job.schema.json")["oneOf"][0]
    variant["properties"]["params"]["properties"]["epochs"]["default"] = 9
    assert ours(SftJob) != shape(variant, {})


def test_the_exit_codes_are_the_contracts() -> None:
    text = (ROOT / "contracts" / "job.ts").read_text()
    block = text[text.index("export const JOB_EXIT") :]
    pairs = dict(
        part.strip().split(": ")
        for part in block[block.index("{") + 1 : block.index("}")].split(",")
        if part.strip()
    )
    codes = {name: int(value) for name, value in pairs.items()}
    assert codes == {
        "".join(w.title() if i else w for i, w in enumerate(e.name.lower().split("_"))): e.value for e in Exit
    }
