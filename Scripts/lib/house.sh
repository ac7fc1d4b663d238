# shellcheck shell=bash
# What the demo and the tests share: the packages, the builds, the certificates of a fleet. Needs the other files here.

# The packages that building and running Carrel needs on Debian. The engine's package is left out if another engine is
# installed, because installing it would remove that one.
house_packages() {
    printf '%s\n' libuv1-dev libssl-dev libnghttp2-dev libsqlite3-dev pkg-config mmdebstrap iproute2 iptables curl ca-certificates
    if ! command -v dockerd >/dev/null && ! engine_answers -H "unix://$ENGINE_SOCKET"; then
        printf '%s\n' docker.io
        # With this kernel feature enabled, no container starts without its tools.
        if [[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" == Y ]]; then printf 'apparmor\n'; fi
    fi
}

# The release build of the binary. It is linked statically with Swift's libraries, which takes less memory than the
# shared ones, and runs without an installed Swift.
# shellcheck disable=SC2034 # used where this is sourced
readonly RELEASE_BUILD=(--configuration release --static-swift-stdlib --product carrel)
# With the same options, so that one build can use what the other has compiled.
# shellcheck disable=SC2034 # the scripts that source this file use it
readonly SIMULATOR_BUILD=(--configuration release --static-swift-stdlib --product Simulate)

# memory_mebibytes: the memory of this machine.
memory_mebibytes() { awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo; }

# fleet_with_certificates COUNT BINARY DIRECTORY: starts a fleet whose certificates an authority in DIRECTORY issues.
# The broker's client certificate is $DIRECTORY/broker.pem.
fleet_with_certificates() {
    local count=$1 binary=$2 directory=$3 names engine
    fleet_reserve "$count"
    names=$(fleet_address 1)
    for ((engine = 2; engine <= count; engine++)); do names+=,$(fleet_address "$engine"); done
    "$binary" dev-ca --dir "$directory" --server "engines=$names" --client broker >/dev/null
    fleet_start "$count" "$directory/ca.pem" "$directory/engines.pem" "$directory/engines.key"
}

# fleet_list COUNT DIRECTORY: the fleet in the format of the tests; the certificates are those of the function above.
fleet_list() {
    local count=$1 directory=$2 engine separator=
    printf '['
    for ((engine = 1; engine <= count; engine++)); do
        printf '%s\n  {"name": "host-%d", "endpoint": "%s", "publishAddress": "%s"' \
            "$separator" "$engine" "$(fleet_endpoint "$engine")" "$(fleet_address "$engine")"
        if ((engine > 1)); then
            printf ',\n   "ca": "%s/ca.pem", "certificate": "%s/broker.pem", "key": "%s/broker.key"' \
                "$directory" "$directory" "$directory"
        fi
        printf '}'
        separator=,
    done
    printf '\n]\n'
}

# fleet_sweep COUNT: removes what killed tests left on the engines of the fleet, which only tests use.
fleet_sweep() {
    local count=$1 engine kind ids
    for ((engine = 1; engine <= count; engine++)); do
        for kind in container volume network; do
            local list=(ls --quiet) remove=(rm)
            if [[ $kind == container ]]; then list+=(--all) remove+=(--force); fi
            mapfile -t ids < <(fleet_docker "$engine" "$kind" "${list[@]}" --filter label=carrel.instance)
            ((${#ids[@]} == 0)) || fleet_docker "$engine" "$kind" "${remove[@]}" "${ids[@]}" >/dev/null
        done
    done
}
