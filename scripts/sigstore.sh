#!/bin/sh
# Installs what tests let judge our bundles, once: npm's @sigstore/verify and PyPI's sigstore, as
# tests/second-opinion/sigstore pins them.
set -eu

cd "$(dirname "$0")/../tests/second-opinion/sigstore"
folder="${XDG_CACHE_HOME:-$HOME/.cache}/cloister-sigstore"
wanted=$(cat package-lock.json requirements.txt)
if [ "$(cat "$folder/installed" 2>/dev/null)" != "$wanted" ]; then
    rm -rf "$folder"
    mkdir -p "$folder"
    cp package.json package-lock.json "$folder"
    # The packages ask for newer versions of node than they need: Debian's 18 runs them.
    npm ci --prefix "$folder" --silent --no-audit --no-fund --ignore-scripts >&2
    python3 -m venv "$folder/python"
    "$folder/python/bin/pip" install -q -r requirements.txt >&2
    printf '%s\n' "$wanted" > "$folder/installed"
fi
