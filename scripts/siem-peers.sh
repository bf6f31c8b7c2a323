#!/bin/sh
# Installs the programs that read our SIEM events in tests, and prints the Python that has them:
# the OCSF schemas of several versions, and OTLP's messages as OpenTelemetry compiles them.
exec "$(dirname "$0")/venv.sh" cloister/siem-peers \
    ocsf-json-schema==1.2.0 jsonschema==4.26.0 opentelemetry-proto==1.45.2
