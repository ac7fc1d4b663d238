# shellcheck shell=bash
# Debian packages: checks what is installed before it uses the network. Needs console.sh.

# missing_packages NAME…: those of the packages that are not installed, one per line.
missing_packages() {
    local name
    for name in "$@"; do
        [[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" == installed ]] || printf '%s\n' "$name"
    done
}

# install_packages LOG NAME…: installs missing packages; fetches the package lists only if there are any.
install_packages() {
    local log=$1 missing become=()
    shift
    if ! command -v apt-get >/dev/null; then
        warn "this is not a Debian system: see for yourself that these are installed: $*"
        return 0
    fi
    mapfile -t missing < <(missing_packages "$@")
    if ((${#missing[@]} == 0)); then
        step "Debian packages: all there"
        return 0
    fi
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "these packages are missing, and only root can install them: ${missing[*]}"
        become=(sudo)
    fi
    # A question from a package's installer would wait for an answer that never comes.
    become+=(env DEBIAN_FRONTEND=noninteractive)
    run_step "fetching Debian's package lists" "$log" "${become[@]}" apt-get update
    run_step "installing ${missing[*]}" "$log" "${become[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
}

# unpacked_command PACKAGE COMMAND DIRECTORY: prints the path of a command: found on the PATH, or extracted from its
# Debian package without installing it.
unpacked_command() {
    local package=$1 command=$2 directory=$3
    if command -v "$command"; then return 0; fi
    mkdir -p "$directory"
    (cd "$directory" && apt-get download "$package" >download.log 2>&1 && dpkg-deb -x ./*.deb .) ||
        die "$command cannot be taken out of the package $package: see $directory/download.log"
    printf '%s\n' "$directory/usr/bin/$command"
}

# Checks for Swift, which is not a Debian package and without which nothing can be built.
require_swift() {
    local version
    command -v swift >/dev/null || die "Swift 6.3 is needed and no 'swift' is on the PATH: see https://www.swift.org/install"
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
    [[ "$(printf '6.3\n%s\n' "$version" | sort -V | head -n 1)" == 6.3 ]] ||
        die "Swift 6.3 or newer is needed; this is ${version:-of an unknown version} ($(command -v swift))"
}
