#!/bin/sh
# Signs one file with cosign and a key pair of its own, offline: no transparency log, no
# certificate. The result is a sigstore bundle v0.3 with a message signature and a key hint.
#
#   images/sign.sh KEYDIR FILE BUNDLE
#
# KEYDIR  holds cosign.key and cosign.pub; both are made, without a passphrase, if absent
# FILE    what is signed: the manifest of an OCI image (the blob named by the image's digest),
#         or a WebAssembly component; workloads.json names it as "signed"
# BUNDLE  the bundle to write
set -eu

if [ $# -ne 3 ]; then
    echo 'usage: images/sign.sh KEYDIR FILE BUNDLE' >&2
    exit 2
fi
keys=$1 file=$2 bundle=$3
cache=${CLOISTER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cloister}
cosign=$cache/bin/cosign
if [ ! -x "$cosign" ]; then
    echo 'sign: no cosign in the cache; run "make setup" or "cargo xtask cosign"' >&2
    exit 1
fi

export COSIGN_PASSWORD=
mkdir -p "$keys"
[ -f "$keys/cosign.key" ] || (cd "$keys" && "$cosign" generate-key-pair 2>/dev/null)
if ! output=$("$cosign" sign-blob --yes --new-bundle-format --tlog-upload=false \
    --key "$keys/cosign.key" --bundle "$bundle" "$file" 2>&1); then
    printf 'sign: %s\n' "$output" >&2
    exit 1
fi
