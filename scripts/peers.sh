#!/bin/sh
# Installs the tools that `make bench` runs beside ours, once, and prints the Python that has them.
set -eu

folder="${XDG_CACHE_HOME:-$HOME/.cache}/cloister-peers"
tools='polars==2.1.0 pycanon==1.3.5'
if [ "$(cat "$folder/tools" 2>/dev/null)" != "$tools" ]; then
    rm -rf "$folder"
    python3 -m venv "$folder"
    # shellcheck disable=SC2086 # a list of requirements
    "$folder/bin/pip" install -q $tools >&2
    printf '%s\n' "$tools" > "$folder/tools"
fi
printf '%s\n' "$folder/bin/python"
