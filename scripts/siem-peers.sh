#!/bin/sh
# Installs the programs that read our SIEM events in tests, once, and prints the Python that has them:
# the OCSF schemas of several versions, and OTLP's messages as OpenTelemetry compiles them.
set -eu

folder="${XDG_CACHE_HOME:-$HOME/.cache}/cloister/siem-peers"
tools='ocsf-json-schema==1.2.0 jsonschema==4.26.0 opentelemetry-proto==1.45.2'
if [ "$(cat "$folder/tools" 2>/dev/null)" != "$tools" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    # shellcheck disable=SC2086 # a list of requirements
    "$folder/bin/pip" install -q $tools >&2
    printf '%s\n' "$tools" > "$folder/tools"
fi
printf '%s\n' "$folder/bin/python"
