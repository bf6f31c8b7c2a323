#!/bin/sh
# Installs rfc3161-client, which tests run beside our reader of time stamps, once, and prints the Python that has it.
set -eu

folder="${XDG_CACHE_HOME:-$HOME/.cache}/cloister/rfc3161-client"
tools='rfc3161-client==1.0.9 cryptography==50.0.2'
if [ "$(cat "$folder/tools" 2>/dev/null)" != "$tools" ]; then
    rm -rf "$folder"
    mkdir -p "$(dirname "$folder")"
    python3 -m venv "$folder"
    # shellcheck disable=SC2086 # a list of requirements
    "$folder/bin/pip" install -q $tools >&2
    printf '%s\n' "$tools" > "$folder/tools"
fi
printf '%s\n' "$folder/bin/python"
