# shellcheck shell=bash
# Docker Engines of our own on this machine. Needs console.sh and processes.sh.
#
# There are two kinds: the machine's engine at /var/run/docker.sock, started only if none answers there; and a fleet of
# engines for development and tests, each in a network namespace of its own, as if each were a host:
#
#     engine 1      by its Unix socket            $(fleet_endpoint 1)
#     engine 2, …   by TCP with mutual TLS        $(fleet_endpoint N), port 2376 of $(fleet_address N)
#
# Everything that belongs to an engine has a key in its name, derived from the state directory: namespaces, links,
# rules, sockets. A run that was killed leaves them behind; the next start or stop on the same state directory finds and
# removes them. (`nsenter --net` instead of `ip netns exec`, which remounts /sys and hides the cgroups that the engine
# needs.)

readonly ENGINE_SOCKET=/var/run/docker.sock
readonly ENGINE_START_SECONDS=60
# An engine gives its containers ten seconds to stop, and then needs some time itself.
readonly ENGINE_STOP_SECONDS=30
readonly ENGINE_TLS_PORT=2376
# The links between the machine and its engines are in 10.213.0.0/16: one /24 for a fleet, a /30 for each engine.
readonly FLEET_NETWORK=10.213
readonly FLEET_LIMIT=60
# The sockets are here and not in the state directory, because the path of a Unix socket has 107 bytes at most.
readonly FLEET_RUN_ROOT=/run/carrel

# engines_use STATE: selects the state directory for all other functions; call it first.
engines_use() {
    FLEET_STATE="$(absolute_path "$1")/engines"
    FLEET_KEY=$(sha256sum <<<"$FLEET_STATE" | cut -c 1-6)
    FLEET_RUN=$FLEET_RUN_ROOT/$FLEET_KEY
    mkdir -p "$FLEET_STATE"
}

require_root() {
    ((EUID == 0)) || die "only root can start Docker Engines and network namespaces: run this as root (sudo $0 …)"
}

# engine_answers DOCKER-OPTION…: whether an engine answers there.
engine_answers() { timeout 10 docker "$@" version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# await_engine RECORD LOG DOCKER-OPTION…: waits until the engine that was just started answers.
await_engine() {
    local record=$1 log=$2 deadline=$((SECONDS + ENGINE_START_SECONDS))
    shift 2
    until engine_answers "$@"; do
        if process_is_over "$record"; then
            tail -n 15 "$log" | sed 's/^/    /' >&2
            die "the Docker Engine ended at its start; the last lines of $log are above"
        fi
        ((SECONDS < deadline)) || die "the Docker Engine does not answer after $ENGINE_START_SECONDS s: see $log"
        sleep 0.2
    done
}

# MARK: the machine's own engine

# Starts the machine's engine if none answers.
machine_engine_start() {
    if engine_answers -H "unix://$ENGINE_SOCKET"; then
        step "Docker Engine: answers on $ENGINE_SOCKET"
        return 0
    fi
    require_root
    command -v dockerd >/dev/null || die "no dockerd on the PATH: install Debian's package docker.io"
    local home=$FLEET_STATE/machine
    mkdir -p "$home"
    if [[ -d /run/systemd/system ]]; then
        step "Docker Engine: starting the machine's service"
        systemctl start docker.service
        : >"$home/service"
        wait_until "$ENGINE_START_SECONDS" engine_answers -H "unix://$ENGINE_SOCKET" ||
            die "the service was started, but nothing answers on $ENGINE_SOCKET: see 'journalctl -u docker'"
        return 0
    fi
    step "Docker Engine: none answers on $ENGINE_SOCKET, starting one"
    machine_engine_clear
    start_detached "$home/pid" "$home/dockerd.log" dockerd
    disown "$!"
    await_engine "$home/pid" "$home/dockerd.log" -H "unix://$ENGINE_SOCKET"
}

# engine_users SOCKET: how many processes are connected to an engine. The kernel's list has the engine's end of each
# connection, with the path on which it was accepted; state 03 means connected.
engine_users() {
    awk -v name="${1#/var}" '$6 == "03" && ($8 == name || $8 == "/var" name) { count++ } END { print count + 0 }' /proc/net/unix
}

# Whether somebody else uses an engine by now: their containers run on it, or they are connected to it. Call it once
# nothing of ours is left on the engine.
engine_is_shared() {
    local containers
    (($(engine_users "$1") == 0)) || return 0
    containers=$(timeout 10 docker -H "unix://$1" ps --quiet) || return 1
    [[ -n $containers ]]
}

# Stops the machine's engine if it was started from this state directory, and nobody else uses it by now.
machine_engine_stop() {
    local home=$FLEET_STATE/machine
    if [[ ! -e $home/service ]] && process_is_over "$home/pid"; then
        rm -f "$home/pid"
        return 0
    fi
    if engine_is_shared "$ENGINE_SOCKET"; then
        step "Docker Engine: somebody else uses it by now, so it goes on"
        rm -f "$home/service" "$home/pid"
        return 0
    fi
    if [[ -e $home/service ]]; then
        step "stopping the machine's Docker service"
        systemctl stop docker.service docker.socket
        rm -f "$home/service"
    elif recorded_process "$home/pid" >/dev/null; then
        step "stopping the Docker Engine that was started here"
        end_recorded_process "$home/pid" "$ENGINE_STOP_SECONDS"
        machine_engine_clear
    fi
}

# Cleans up after a killed dockerd: its containerd, and the files that claim that it still runs. A live dockerd is left
# alone.
machine_engine_clear() {
    local pid
    pid=$(cat /var/run/docker.pid 2>/dev/null || true)
    if [[ -n $pid && "$(cat "/proc/$pid/comm" 2>/dev/null)" == dockerd ]]; then
        die "a dockerd with process id $pid runs, but nothing answers on $ENGINE_SOCKET: look at it first"
    fi
    clear_engine_leftovers /var/run/docker /var/lib/docker
    rm -f /var/run/docker.pid "$ENGINE_SOCKET"
}

# MARK: the fleet

fleet_namespace() { printf 'carrel-%s-%s' "$FLEET_KEY" "$1"; }
# The name of a network link has 15 bytes at most.
fleet_link() { printf 'cr%s-%s' "$FLEET_KEY" "$1"; }
fleet_block() { cat "$FLEET_STATE/block"; }
fleet_gateway() { printf '%s.%d.%d' "$FLEET_NETWORK" "$(fleet_block)" $((4 * $1 + 1)); }

# fleet_address N: the address on which engine N publishes its labs, and on which it listens if it uses TCP.
fleet_address() { printf '%s.%d.%d' "$FLEET_NETWORK" "$(fleet_block)" $((4 * $1 + 2)); }

# fleet_endpoint N: the endpoint of engine N as a configuration gives it.
fleet_endpoint() {
    if (($1 == 1)); then
        printf 'unix://%s/1/docker.sock' "$FLEET_RUN"
    else
        printf 'tcp://%s:%d' "$(fleet_address "$1")" "$ENGINE_TLS_PORT"
    fi
}

# fleet_docker N ARGUMENT…: runs docker on engine N, by the Unix socket that each engine also has.
fleet_docker() {
    local engine=$1
    shift
    docker -H "unix://$FLEET_RUN/$engine/docker.sock" "$@"
}

# fleet_reserve COUNT: reserves addresses for COUNT engines. After this, fleet_address and fleet_endpoint work, so that
# certificates can be issued before fleet_start needs them.
fleet_reserve() {
    (($1 >= 1 && $1 <= FLEET_LIMIT)) || die "$1 engines were asked for: 1 to $FLEET_LIMIT are possible"
    require_root
    mkdir -p "$FLEET_RUN_ROOT"
    [[ -s $FLEET_STATE/block ]] && return 0
    local block
    # A lock is held, because two state directories must not take the same block.
    exec {lock}>"$FLEET_RUN_ROOT/lock"
    flock "$lock"
    mkdir -p "$FLEET_RUN_ROOT/blocks"
    for ((block = 0; block < 256; block++)); do
        # Whether the block is taken by a state directory that still exists, or by a network of this machine.
        if [[ -e $FLEET_RUN_ROOT/blocks/$block ]]; then
            [[ ! -s "$(cat "$FLEET_RUN_ROOT/blocks/$block")/block" ]] || continue
        fi
        ! ip -4 route show | grep -qF "$FLEET_NETWORK.$block." || continue
        printf '%s\n' "$FLEET_STATE" >"$FLEET_RUN_ROOT/blocks/$block"
        printf '%s\n' "$block" >"$FLEET_STATE/block"
        break
    done
    exec {lock}>&-
    [[ -s $FLEET_STATE/block ]] || die "no free network in $FLEET_NETWORK.0.0/16: stop other fleets on this machine"
}

# fleet_start COUNT CA CERTIFICATE KEY: starts those of the engines 1…COUNT that do not run yet. The certificate is the
# engines' own (a server certificate for each fleet_address from 2 on); CA is the authority whose clients they trust.
fleet_start() {
    local count=$1 ca=$2 certificate=$3 key=$4 engine started=()
    fleet_reserve "$count"
    for file in "$ca" "$certificate" "$key"; do
        ((count == 1)) || [[ -r $file ]] || die "engines that listen on TCP need certificates; there is no $file"
    done
    fleet_allow_egress
    for engine in $(fleet_engines); do
        if ((engine > count)); then fleet_stop_engine "$engine"; fi
    done
    for ((engine = 1; engine <= count; engine++)); do
        if recorded_process "$FLEET_STATE/$engine/pid" >/dev/null &&
            engine_answers -H "unix://$FLEET_RUN/$engine/docker.sock"; then
            step "engine $engine: runs already at $(fleet_endpoint "$engine")"
            continue
        fi
        fleet_stop_engine "$engine"
        fleet_start_engine "$engine" "$ca" "$certificate" "$key"
        started+=("$engine")
    done
    for engine in "${started[@]}"; do
        await_engine "$FLEET_STATE/$engine/pid" "$FLEET_STATE/$engine/dockerd.log" \
            -H "unix://$FLEET_RUN/$engine/docker.sock"
        step "engine $engine: started at $(fleet_endpoint "$engine")"
    done
}

# Starts one engine without waiting for it.
fleet_start_engine() {
    local engine=$1 ca=$2 certificate=$3 key=$4 namespace link home=$FLEET_STATE/$1 run=$FLEET_RUN/$1 options
    namespace=$(fleet_namespace "$engine")
    link=$(fleet_link "$engine")
    mkdir -p "$home/data" "$run"
    ip netns add "$namespace"
    ip link add "$link" type veth peer name eth0 netns "$namespace"
    ip addr add "$(fleet_gateway "$engine")/30" dev "$link"
    ip link set "$link" up
    ip -n "$namespace" link set lo up
    ip -n "$namespace" addr add "$(fleet_address "$engine")/30" dev eth0
    ip -n "$namespace" link set eth0 up
    ip -n "$namespace" route add default via "$(fleet_gateway "$engine")"
    # A docker-proxy process per published port would cost memory, and give each lab access to its neighbours' ports.
    options=(
        --data-root "$home/data" --exec-root "$run/exec" --pidfile "$run/docker.pid"
        --host "unix://$run/docker.sock" --userland-proxy=false --log-level warn
    )
    if ((engine > 1)); then
        options+=(--host "tcp://$(fleet_address "$engine"):$ENGINE_TLS_PORT"
            --tlsverify --tlscacert "$ca" --tlscert "$certificate" --tlskey "$key")
    fi
    # GOGC: as the manual recommends; each start of a container executes dockerd three times.
    start_detached "$home/pid" "$home/dockerd.log" \
        nsenter --net="/var/run/netns/$namespace" env GOGC=400 dockerd "${options[@]}"
    # Nothing waits for it; without this the shell would print a message when it ends.
    disown "$!"
}

# Stops one engine and everything that belongs to it, in any state. Its images and volumes stay.
fleet_stop_engine() {
    local engine=$1 home=$FLEET_STATE/$1 run=$FLEET_RUN/$1 namespace link pid
    namespace=$(fleet_namespace "$engine")
    link=$(fleet_link "$engine")
    mkdir -p "$home"
    # An engine whose record was lost (its state directory was removed) can still be identified.
    if process_is_over "$home/pid" && pid=$(cat "$run/docker.pid" 2>/dev/null) &&
        tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- " --exec-root $run/exec "; then
        record_process "$home/pid" "$pid" || true
    fi
    end_recorded_process "$home/pid" "$ENGINE_STOP_SECONDS"
    clear_engine_leftovers "$run/exec" "$home/data"
    # An engine mounts its data root on itself and leaves it so; a directory with a mount cannot be removed.
    while mountpoint -q "$home/data"; do umount --lazy "$home/data" || break; done
    rm -rf "$run"
    if [[ -e /var/run/netns/$namespace ]]; then ip netns delete "$namespace"; fi
    # The link is removed with its namespace, but only once the last process in it has ended.
    if ip link show "$link" &>/dev/null; then ip link delete "$link" 2>/dev/null || true; fi
}

# The numbers of the engines that this state directory knows, including those of earlier runs.
fleet_engines() {
    local home
    for home in "$FLEET_STATE"/[0-9]*/ "$FLEET_RUN"/[0-9]*/; do
        if [[ -d $home ]]; then basename "$home"; fi
    done | sort -nu
}

# Stops every engine of this state directory.
fleet_stop() {
    local engine ending=()
    for engine in $(fleet_engines); do
        if recorded_process "$FLEET_STATE/$engine/pid" >/dev/null; then step "stopping engine $engine"; fi
        fleet_stop_engine "$engine" &
        ending+=($!)
    done
    # Not a plain `wait`: the machine's engine may be a child of this script too.
    if ((${#ending[@]} > 0)); then wait "${ending[@]}"; fi
    ((EUID != 0)) || fleet_forbid_egress
    if [[ -s $FLEET_STATE/block ]]; then
        rm -f "$FLEET_RUN_ROOT/blocks/$(fleet_block)" "$FLEET_STATE/block"
    fi
    rm -rf "$FLEET_RUN"
}

# Allows egress from labs of the fleet, as from the machine's own containers; the marks identify the rules for removal.
fleet_allow_egress() {
    local source mark=(-m comment --comment "carrel-$FLEET_KEY")
    source=$FLEET_NETWORK.$(fleet_block).0/24
    fleet_forbid_egress
    iptables -w -I FORWARD -s "$source" "${mark[@]}" -j ACCEPT
    iptables -w -I FORWARD -d "$source" -m conntrack --ctstate ESTABLISHED,RELATED "${mark[@]}" -j ACCEPT
    iptables -w -t nat -I POSTROUTING -s "$source" ! -d "$source" "${mark[@]}" -j MASQUERADE
}

fleet_forbid_egress() {
    local table rule
    for table in filter nat; do
        while read -r -a rule; do
            iptables -w -t "$table" -D "${rule[@]:1}"
        done < <(iptables -w -t "$table" -S 2>/dev/null | grep -F -- "--comment carrel-$FLEET_KEY" || true)
    done
}

# clear_engine_leftovers EXEC-ROOT DATA-ROOT: removes what a killed dockerd leaves running or mounted: its containerd,
# the shims with the containers under them, their mounts. They are recognised by the exec root in their command lines,
# which a containerd of the system does not have.
clear_engine_leftovers() {
    local exec_root=$1 data_root=$2 proc pid child children mount
    for proc in /proc/[0-9]*; do
        [[ "$(cat "$proc/comm" 2>/dev/null)" == containerd* ]] || continue
        tr '\0' ' ' <"$proc/cmdline" 2>/dev/null | grep -qF -- " $exec_root/containerd/" || continue
        pid=${proc#/proc/}
        # Killing a container's first process ends the whole container.
        read -r -d '' -a children < <(cat "$proc"/task/*/children 2>/dev/null) || true
        for child in "${children[@]}"; do
            [[ "$(cat "/proc/$child/comm" 2>/dev/null)" == containerd* ]] || kill -KILL "$child" 2>/dev/null || true
        done
        kill -KILL "$pid" 2>/dev/null || true
    done
    # Only the types of mounts that an engine makes (an unrelated disk may be mounted below its data root), deepest
    # first, and lazily: a process that is still exiting may use one of them.
    while read -r mount; do
        umount --lazy "$(printf '%b' "$mount")" 2>/dev/null || true
    done < <(awk -v exec_root="$(absolute_path "$exec_root")/" -v data_root="$(absolute_path "$data_root")/" '
        index($5, exec_root) == 1 || index($5, data_root) == 1 {
            for (field = 7; $field != "-"; field++) { }
            if ($(field + 1) ~ /^(overlay|nsfs|tmpfs)$/) print $5
        }' /proc/self/mountinfo | sort -r)
    rm -f "$exec_root/containerd/containerd.pid" "$exec_root"/containerd/*.sock "$exec_root"/containerd/*.sock.ttrpc
}
