# shellcheck shell=bash
# The edge compared with nginx, HAProxy and a byte relay without HTTP: one worker each, all on one CPU, the load
# generators on another. Needs console.sh, house.sh, packages.sh and processes.sh.

readonly EDGE_BENCH_PORT=19300
readonly EDGE_BENCH_HOSTNAMES=100
readonly EDGE_BENCH_SECONDS=1800
readonly EDGE_BENCH_DESCRIPTORS=8192
readonly EDGE_BENCH_NETWORK=carrel-bench

# The prefix of each command that selects its network. With root that is the loopback of a network namespace of its own,
# where packets do not pass the firewall rules and the connection tracking that Docker leaves on a machine.
EDGE_BENCH_INSIDE=()

# edge_bench STATE LOGS ROUNDS SECONDS [ROW]: keeps everything in STATE; with ROW, measures only rows whose names
# contain it; prints the table; fails if a bar is missed.
edge_bench() {
    EDGE_BENCH_STATE=$1
    local logs=$2 rounds=$3 seconds=$4 release tls=$1/tls status=0 name
    local -a rows=()
    [[ -z ${5:-} ]] || rows=(--only "$5")
    (($(nproc) >= 2)) || die "two CPUs are needed: one for the proxies, one for the load"
    ulimit -n "$EDGE_BENCH_DESCRIPTORS" || die "$EDGE_BENCH_DESCRIPTORS open files are needed: raise 'ulimit -n'"
    install_packages "$logs/packages" libuv1-dev libssl-dev libnghttp2-dev libsqlite3-dev gcc libc6-dev nginx-light haproxy nghttp2-client util-linux iproute2
    require_swift
    run_step "building carrel for release (the first time takes minutes)" "$logs/build-release" \
        swift build "${RELEASE_BUILD[@]}"
    run_step "building what loads it" "$logs/build-load" swift build -c release --product EdgeBench
    release=$(swift build -c release --show-bin-path)
    mkdir -p "$tls"
    "$release/carrel" dev-ca --dir "$tls" --server 'bench=*.bench.test' >/dev/null
    cat "$tls/bench.pem" "$tls/bench.key" >"$tls/both.pem"
    edge_bench_configure
    edge_bench_stop
    if ((EUID == 0)); then
        ip netns add "$EDGE_BENCH_NETWORK"
        EDGE_BENCH_INSIDE=(nsenter --net="/var/run/netns/$EDGE_BENCH_NETWORK")
        "${EDGE_BENCH_INSIDE[@]}" ip link set lo up
    else
        warn "without root the firewall rules of this machine are measured too"
    fi
    edge_bench_start edge "$release/carrel" edge --listen "127.0.0.1:$((EDGE_BENCH_PORT + 1))" \
        --cert "$tls/bench.pem" --key "$tls/bench.key" --routes "$1/routes.yaml" --threads 1 --log-level warning \
        --connections-per-address "$EDGE_BENCH_DESCRIPTORS"
    # A further edge, used only to count allocations, because counting costs time.
    cc -O2 -shared -fPIC -o "$1/count.so" "$(dirname "${BASH_SOURCE[0]}")/count-allocations.c"
    edge_bench_start counted env LD_PRELOAD="$1/count.so" COUNT_ALLOCATIONS="$1/allocations" \
        "$release/carrel" edge --listen "127.0.0.1:$((EDGE_BENCH_PORT + 4))" --cert "$tls/bench.pem" \
        --key "$tls/bench.key" --routes "$1/routes.yaml" --threads 1 --log-level warning
    edge_bench_build_relay "$1/byte-relay"
    edge_bench_start relay "$1/byte-relay" "$((EDGE_BENCH_PORT + 5))" "$tls/bench.pem" "$tls/bench.key" \
        "$EDGE_BENCH_PORT"
    edge_bench_start nginx nginx -c "$1/nginx.conf" -e "$1/nginx.log"
    edge_bench_start haproxy haproxy -db -f "$1/haproxy.cfg"
    for name in edge counted relay nginx haproxy; do
        wait_until 10 edge_bench_answers "$name" || die "$name does not listen: see $1/$name.log"
    done
    step "measuring, $rounds rounds of $seconds s each"
    EDGE_BENCH_ALLOCATIONS="$((EDGE_BENCH_PORT + 4)):$1/allocations" \
        run_aloud timeout --kill-after=10 "$EDGE_BENCH_SECONDS" \
        taskset -c 1 "${EDGE_BENCH_INSIDE[@]}" "$release/EdgeBench" "${rows[@]}" \
        --relay "relay=$((EDGE_BENCH_PORT + 5)):$(recorded_process "$1/relay.pid")" \
        "$tls/ca.pem" "$EDGE_BENCH_PORT" "$rounds" "$seconds" \
        "edge=$((EDGE_BENCH_PORT + 1)):$(recorded_process "$1/edge.pid")" \
        "nginx=$((EDGE_BENCH_PORT + 2)):$(edge_bench_nginx_worker)" \
        "haproxy=$((EDGE_BENCH_PORT + 3)):$(recorded_process "$1/haproxy.pid")" || status=$?
    edge_bench_stop
    detail "$(date +%F), $(uname -m), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), one worker each"
    detail "$(nginx -v 2>&1 | sed 's/.*: //'), $(haproxy -v | head -n 1 | cut -d ' ' -f 1-3)"
    return "$status"
}

# edge_bench_build_relay FILE: builds the byte relay, with the libuv and OpenSSL that the edge uses.
edge_bench_build_relay() {
    local sources
    sources=$(dirname "${BASH_SOURCE[0]}")/byte-relay
    cc -O2 -Wall -Wextra -Werror -o "$1" "$sources"/*.c -luv -lssl -lcrypto || die "the byte relay does not compile"
}

edge_bench_start() {
    local name=$1
    shift
    start_detached "$EDGE_BENCH_STATE/$name.pid" "$EDGE_BENCH_STATE/$name.log" \
        taskset -c 0 "${EDGE_BENCH_INSIDE[@]}" "$@"
}

edge_bench_stop() {
    local name
    [[ -n ${EDGE_BENCH_STATE:-} ]] || return 0
    for name in edge counted relay nginx haproxy; do end_recorded_process "$EDGE_BENCH_STATE/$name.pid" 15; done
    if ((EUID == 0)) && [[ -e /var/run/netns/$EDGE_BENCH_NETWORK ]]; then ip netns delete "$EDGE_BENCH_NETWORK"; fi
}

edge_bench_answers() {
    local -A ports=([edge]=1 [nginx]=2 [haproxy]=3 [counted]=4 [relay]=5)
    # shellcheck disable=SC2016 # the inner shell's argument
    "${EDGE_BENCH_INSIDE[@]}" bash -c ': <"/dev/tcp/127.0.0.1/$1"' - "$((EDGE_BENCH_PORT + ports[$1]))" 2>/dev/null
}

# The one worker of nginx; its master does little work.
edge_bench_nginx_worker() {
    local master
    master=$(recorded_process "$EDGE_BENCH_STATE/nginx.pid")
    tr -d ' ' <"/proc/$master/task/$master/children"
}

# Configures each for many connections as its own documentation recommends; all forward the same fields.
edge_bench_configure() {
    local state=$EDGE_BENCH_STATE index names='' port=$EDGE_BENCH_PORT
    : >"$state/routes.yaml"
    : >"$state/haproxy.map"
    for ((index = 0; index < EDGE_BENCH_HOSTNAMES; index++)); do
        names+=" h$index.bench.test"
        printf 'h%d.bench.test: http://127.0.0.1:%d\n' "$index" "$port" >>"$state/routes.yaml"
        printf 'h%d.bench.test upstream\n' "$index" >>"$state/haproxy.map"
    done
    cat >"$state/nginx.conf" <<CONF
daemon off;
worker_processes 1;
pid $state/nginx-own.pid;
error_log $state/nginx.log;
events { worker_connections $((EDGE_BENCH_DESCRIPTORS / 2)); }
http {
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_max_body_size 0;
    client_body_temp_path $state/nginx-body;
    proxy_temp_path $state/nginx-proxy;
    fastcgi_temp_path $state/nginx-fastcgi;
    uwsgi_temp_path $state/nginx-uwsgi;
    scgi_temp_path $state/nginx-scgi;
    server_names_hash_max_size 2048;
    ssl_certificate $state/tls/bench.pem;
    ssl_certificate_key $state/tls/bench.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    map \$http_upgrade \$connection_upgrade { default upgrade; '' ''; }
    upstream upstream {
        server 127.0.0.1:$port;
        keepalive 256;
        keepalive_requests 1000000000;
    }
    server {
        listen 127.0.0.1:$((port + 2)) ssl http2 reuseport;
        server_name$names;
        location / {
            proxy_pass http://upstream;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_max_temp_file_size 0;
            proxy_read_timeout 1h;
            proxy_set_header Connection \$connection_upgrade;
            proxy_set_header Upgrade \$http_upgrade;
            proxy_set_header Host \$http_host;
            proxy_set_header X-Forwarded-For \$remote_addr;
            proxy_set_header X-Forwarded-Proto https;
            proxy_set_header X-Forwarded-Host \$http_host;
        }
    }
}
CONF
    cat >"$state/haproxy.cfg" <<CONF
global
    nbthread 1
    maxconn $((EDGE_BENCH_DESCRIPTORS / 4))
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    timeout http-keep-alive 1h
    option http-keep-alive
    http-reuse always
frontend browsers
    bind 127.0.0.1:$((port + 3)) ssl crt $state/tls/both.pem alpn h2,http/1.1
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto https
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    use_backend %[req.hdr(host),field(1,:),lower,map($state/haproxy.map)]
backend upstream
    server one 127.0.0.1:$port
CONF
}
