"""Reads OCSF events, one a line, and holds each against the published schema of the given versions.

Prints a JSON object a line: the number of the event, the version, and what the schema objects to."""

import json
import sys
import warnings

warnings.simplefilter("ignore")
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

events = [json.loads(line) for line in sys.stdin]
for version in sys.argv[1:]:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
    validators = {}
    for number, event in enumerate(events):
        name = schema.lookup_class_name_from_uid(event["class_uid"])
        if name not in validators:
            validators[name] = Draft202012Validator(schema.get_class_schema(name, []))
        errors = [
            "/".join(map(str, error.absolute_path)) + ": " + error.message[:200]
            for error in validators[name].iter_errors(event)
        ]
        print(json.dumps({"event": number, "version": version, "class": name, "errors": errors}))
