# shellcheck shell=bash
# Processes that a script started and a later run of it may have to end: a record identifies a process by its id *and*
# its start time, so that a process that has since been given the same id is never signalled. Needs console.sh.

# process_birth PID: the start time of a process in clock ticks since boot; fails if there is none.
process_birth() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The second field, the program's name in parentheses, may itself contain spaces and parentheses.
    stat=${stat##*) }
    # A zombie has ended already; only its parent can reap it.
    [[ ${stat%% *} != Z ]] || return 1
    awk '{ print $20 }' <<<"$stat"
}

# record_process FILE PID: records a process that was just started.
record_process() {
    local birth
    birth=$(process_birth "$2") || return 1
    printf '%s %s\n' "$2" "$birth" >"$1"
}

# recorded_process FILE: the id of the recorded process if it still runs; fails if not.
recorded_process() {
    local pid birth
    [[ -s $1 ]] && read -r pid birth <"$1" || return 1
    [[ "$(process_birth "$pid")" == "$birth" ]] || return 1
    printf '%s\n' "$pid"
}

process_is_over() { ! recorded_process "$1" >/dev/null; }

# end_recorded_process FILE SECONDS: sends the recorded process SIGTERM, kills it after SECONDS, removes the record.
end_recorded_process() {
    local pid
    if pid=$(recorded_process "$1"); then
        kill -TERM "$pid" 2>/dev/null || true
        if ! wait_until "$2" process_is_over "$1"; then
            warn "process $pid did not end within $2 s of SIGTERM: ending it by force"
            kill -KILL "$pid" 2>/dev/null || true
            wait_until 10 process_is_over "$1" || warn "process $pid is still there"
        fi
    fi
    rm -f "$1"
}

# start_detached RECORD LOG COMMAND…: starts a process in a session of its own, so that Ctrl-C in the terminal does not
# reach it before the script shuts things down in order, and records it.
start_detached() {
    local record=$1 log=$2
    shift 2
    (
        # Locks that the script holds are open files: a child that inherited them would hold them after the script's
        # end.
        for fd in /proc/"$BASHPID"/fd/*; do
            fd=${fd##*/}
            if ((fd > 2)); then eval "exec $fd>&-"; fi
        done
        exec setsid "$@" >"$log" 2>&1 </dev/null
    ) &
    record_process "$record" $! || die "${1##*/} ended at once: see $log"
}
