# shellcheck shell=bash
# A standalone edge under long load: whether it returns memory and descriptors. Needs console.sh, packages.sh and
# processes.sh.

readonly EDGE_SOAK_PORT=19310
readonly EDGE_SOAK_ROUTES=100000
readonly EDGE_SOAK_SECONDS=3600
readonly EDGE_SOAK_DESCRIPTORS=8192

# edge_soak STATE LOGS REQUESTS TUNNELS GIBIBYTES: keeps everything in STATE; prints the table; fails if a bar is
# missed.
edge_soak() {
    EDGE_SOAK_STATE=$1
    local logs=$2 release tls=$1/tls status=0 index
    ulimit -n "$EDGE_SOAK_DESCRIPTORS" || die "$EDGE_SOAK_DESCRIPTORS open files are needed: raise 'ulimit -n'"
    install_packages "$logs/packages" libuv1-dev libssl-dev libsqlite3-dev
    require_swift
    run_step "building carrel for release (the first time takes minutes)" "$logs/build-release" \
        swift build "${RELEASE_BUILD[@]}"
    run_step "building what loads it" "$logs/build-load" \
        swift build --configuration release --static-swift-stdlib --product EdgeBench
    release=$(swift build "${RELEASE_BUILD[@]}" --show-bin-path)
    mkdir -p "$tls"
    "$release/carrel" dev-ca --dir "$tls" --server 'bench=*.bench.test' >/dev/null
    for ((index = 0; index < 100; index++)); do
        printf 'h%d.bench.test: http://127.0.0.1:%d\n' "$index" "$EDGE_SOAK_PORT"
    done >"$1/routes.yaml"
    for ((index = 0; index < EDGE_SOAK_ROUTES; index++)); do
        printf 'r%d.bench.test: http://127.0.0.1:%d\n' "$index" "$EDGE_SOAK_PORT"
    done >>"$1/routes.yaml"
    edge_soak_stop
    start_detached "$1/edge.pid" "$1/edge.log" "$release/carrel" edge \
        --listen "127.0.0.1:$((EDGE_SOAK_PORT + 1))" --cert "$tls/bench.pem" --key "$tls/bench.key" \
        --routes "$1/routes.yaml" --threads 2 --admin "unix:$1/admin.sock"
    wait_until 30 grep -q ready "$1/edge.log" || die "the edge does not listen: see $1/edge.log"
    step "$3 requests, $4 tunnels, $5 GiB each way"
    run_aloud timeout --kill-after=10 "$EDGE_SOAK_SECONDS" "$release/EdgeBench" soak "$tls/ca.pem" "$EDGE_SOAK_PORT" \
        "$((EDGE_SOAK_PORT + 1))" "$(recorded_process "$1/edge.pid")" "$1/admin.sock" "$3" "$4" "$5" || status=$?
    edge_soak_stop
    return "$status"
}

edge_soak_stop() {
    [[ -n ${EDGE_SOAK_STATE:-} ]] || return 0
    end_recorded_process "$EDGE_SOAK_STATE/edge.pid" 15
}
