#!/bin/sh
# Installs rfc3161-client, which tests run beside our reader of time stamps, and prints the Python that has it.
exec "$(dirname "$0")/venv.sh" cloister/rfc3161-client rfc3161-client==1.0.9 cryptography==50.0.2
