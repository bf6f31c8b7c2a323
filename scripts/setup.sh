#!/bin/sh
# Installs what building and running Cloister needs on Debian 12 with Rust.
# Safe to run again: it looks first and installs only what is missing.
set -eu

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# qemu-system-x86 comes from backports: SEV-SNP launch needs QEMU 9.1 or later.
backported='qemu-system-x86'
# From backports alone: a witness that is not ours, for the tests of crates/cosigner.
backports_only='sigsum-go'
packages='gcc libc6-dev cryptsetup-bin erofs-utils libcryptsetup-dev libclang-dev clang pkg-config xz-utils binutils git python3-cryptography python3-venv openssl rsyslog rsyslog-openssl golang-go'
targets='wasm32-wasip2 x86_64-unknown-linux-musl'

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

qemu_major() {
    qemu-system-x86_64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\)\..*/\1/p'
}

by_hand() {
    say "install these by name, then run this again:"
    say "  Rust 1.95 with the targets: $targets"
    say "  QEMU 10 (qemu-system-x86), and: $packages $backports_only"
}

# The URI under which this machine fetches Debian, from its own apt sources.
mirror() {
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        sed -n "s/^deb \(\[[^]]*\] *\)\{0,1\}\([^ ]*\) $1 .*/\2/p" "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        awk -v suite="$1" 'BEGIN { RS = ""; FS = "\n" } {
            uri = ""; serves = 0
            for (i = 1; i <= NF; i++) {
                n = split($i, word, " ")
                if (word[1] == "URIs:") uri = word[2]
                if (word[1] == "Suites:") for (j = 2; j <= n; j++) if (word[j] == suite) serves = 1
            }
            if (serves) print uri
        }' "$file"
    done
}

add_backports() {
    [ -z "$(mirror bookworm-backports)" ] || return 0
    uri=$(mirror bookworm | head -n 1)
    [ -n "$uri" ] || fail "no apt source of this machine serves bookworm; add one, then run this again"
    say 'adding bookworm-backports'
    printf '%s\n' 'Types: deb' "URIs: $uri" 'Suites: bookworm-backports' 'Components: main' \
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg' \
        > /etc/apt/sources.list.d/cloister-backports.sources
}

install_packages() {
    missing=
    for package in $packages; do
        installed "$package" || missing="$missing $package"
    done
    # Any node with npm will do; Debian's are two packages.
    command -v npm >/dev/null || missing="$missing nodejs npm"
    old_qemu=
    [ "$(qemu_major)" -ge 10 ] 2>/dev/null || old_qemu=$backported
    newer=$old_qemu
    for package in $backports_only; do
        installed "$package" || newer="$newer $package"
    done
    [ -n "$missing$newer" ] || return 0

    . /etc/os-release
    if [ "${VERSION_CODENAME-}" != bookworm ]; then
        say "this is ${PRETTY_NAME-an unknown system}, not Debian 12"
        by_hand
        exit 1
    fi
    if [ "$(id -u)" != 0 ]; then
        fail "missing:$missing $newer; run 'sudo make setup'"
    fi
    export DEBIAN_FRONTEND=noninteractive
    [ -z "$newer" ] || add_backports
    apt-get update -q
    if [ -n "$newer" ]; then
        # qemu-utils, where there is one, must be of the same version.
        [ -z "$old_qemu" ] || ! installed qemu-utils || newer="$newer qemu-utils"
        # shellcheck disable=SC2086 # a list of package names
        apt-get install -q -y --no-install-recommends -t bookworm-backports $newer
    fi
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086 # a list of package names
        apt-get install -q -y --no-install-recommends $missing
    fi
}

install_rust_parts() {
    if ! command -v cargo >/dev/null; then
        [ -z "${SUDO_USER-}" ] || fail "the packages are there; now run 'make setup' once more as $SUDO_USER"
        fail 'no cargo; install Rust 1.95 with rustup, then run this again'
    fi
    command -v rustup >/dev/null || {
        say "no rustup; install the Rust targets $targets by your own means"
        return 0
    }
    have=$(rustup target list --installed)
    for target in $targets; do
        printf '%s\n' "$have" | grep -qx "$target" || rustup target add "$target"
    done
}

install_nextest() {
    ! cargo nextest --version >/dev/null 2>&1 || return 0
    say 'building cargo-nextest (once, some minutes)'
    cargo install --locked cargo-nextest
}

# cosign is not in Debian 12; trixie's package is one static program.
install_cosign() {
    cargo xtask cosign
}

# What is not ours judges our sigstore bundles: packages of npm and PyPI, in a folder of their own.
install_sigstore() {
    scripts/sigstore.sh
}

# What reads the SIEM events in the tests.
install_siem_peers() {
    scripts/siem-peers.sh > /dev/null
}

# Another program that judges time stamps, for the tests.
install_stamp_client() {
    scripts/rfc3161-client.sh >/dev/null
}

cd "$(dirname "$0")/.."
install_packages
install_rust_parts
install_nextest
install_cosign
install_sigstore
install_siem_peers
install_stamp_client
say 'everything is there'
