# shellcheck shell=bash
# Progress and errors, the same in every script. To be sourced after `set -euo pipefail`.

# Administrators' programs (dockerd, ip, iptables) are not on an ordinary user's PATH in Debian.
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

# A run without a terminal (a CI log) hears from a long step this often, so that nobody takes it for dead.
readonly CONSOLE_HEARTBEAT_SECONDS=30

# How much of a failed step's log is shown.
readonly CONSOLE_FAILURE_LINES=40

step() { printf '▸ %s\n' "$*"; }
detail() { printf '  %s\n' "$*"; }
warn() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    warn "$@"
    exit 1
}

# A mistake in the command line, which is answered with status 64 (EX_USAGE).
die_usage() {
    warn "$1"
    printf "Try '%s --help'.\n" "${0##*/}" >&2
    exit 64
}

# require_number OPTION VALUE GREATEST: an option's value is a number from 1 to GREATEST.
require_number() {
    if ! [[ $2 =~ ^[1-9][0-9]{0,5}$ ]] || (($2 > $3)); then die_usage "$1 is '$2', but must be a number from 1 to $3"; fi
}

# Prints the comment block at the head of a script, up to what it says to shellcheck: its help.
print_help() {
    awk 'NR > 1 && (!/^#/ || /^# shellcheck /) { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# The process group of the long step under way, so that a script's exit trap can end it.
CONSOLE_RUNNING=

# Ends the long step under way, if there is one; for exit traps.
end_running_step() {
    [[ -n $CONSOLE_RUNNING ]] || return 0
    kill -TERM -- "-$CONSOLE_RUNNING" 2>/dev/null || true
    CONSOLE_RUNNING=
}

# run_step LABEL LOG COMMAND…: runs a long command with its output in LOG; shows the seconds that pass, and the end of
# LOG if it fails.
run_step() {
    local label=$1 log=$2 began=$SECONDS status=0 beat
    shift 2
    mkdir -p "$(dirname "$log")"
    # Job control gives the command a process group of its own: one signal then ends it with all its children.
    set -m
    "$@" >"$log" 2>&1 </dev/null &
    CONSOLE_RUNNING=$!
    set +m
    beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
    [[ -t 1 ]] || step "$label"
    while kill -0 "$CONSOLE_RUNNING" 2>/dev/null; do
        if [[ -t 1 ]]; then
            printf '\r▸ %s … %d s ' "$label" $((SECONDS - began))
        elif ((SECONDS >= beat)); then
            detail "still at it after $((SECONDS - began)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-100)"
            beat=$((SECONDS + CONSOLE_HEARTBEAT_SECONDS))
        fi
        sleep 0.2
    done
    wait "$CONSOLE_RUNNING" || status=$?
    CONSOLE_RUNNING=
    if ((status == 0)); then
        if [[ -t 1 ]]; then
            printf '\r▸ %s: done in %d s\n' "$label" $((SECONDS - began))
        else
            detail "done in $((SECONDS - began)) s"
        fi
        return 0
    fi
    [[ -t 1 ]] && printf '\n'
    warn "failed with status $status: $label"
    warn "the last lines of $log:"
    tail -n "$CONSOLE_FAILURE_LINES" "$log" | sed 's/^/    /' >&2
    return "$status"
}

# absolute_path PATH: PATH without links and dots; its last parts need not exist yet.
absolute_path() { realpath -m -- "$1"; }

# wait_until SECONDS COMMAND…: asks COMMAND five times a second until it succeeds; fails when the time is over.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}
