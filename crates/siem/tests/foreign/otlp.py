"""Reads an OTLP request in JSON as OpenTelemetry's own messages, which know no other names, and prints
its records: severity, time, name, body and attributes, a JSON object a line."""

import json
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def value(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in any_value.array_value.values]
    return getattr(any_value, kind)


request = json_format.Parse(sys.stdin.read(), ExportLogsServiceRequest())
# The binary form holds the same.
assert ExportLogsServiceRequest.FromString(request.SerializeToString()) == request
for resource in request.resource_logs:
    service = {item.key: value(item.value) for item in resource.resource.attributes}
    for scope in resource.scope_logs:
        for record in scope.log_records:
            print(json.dumps({
                "service": service["service.name"],
                "scope": scope.scope.name,
                "severity": record.severity_number,
                "severity_text": record.severity_text,
                "time": record.time_unix_nano,
                "observed": record.observed_time_unix_nano,
                "event": record.event_name,
                "body": record.body.string_value,
                "attributes": {item.key: value(item.value) for item in record.attributes},
            }))
