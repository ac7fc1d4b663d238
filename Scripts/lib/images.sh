# shellcheck shell=bash
# Copies images between engines. Needs console.sh and engines.sh.

# image_id DOCKER-OPTION… REFERENCE: fails if the engine does not have the image.
image_id() {
    docker "${@:1:$#-1}" image inspect --format '{{.Id}}' "${!#}" 2>/dev/null
}

# fleet_load ENGINE REFERENCE LOG: copies an image from the machine's engine to one of the fleet, unless it has it.
fleet_load() {
    local engine=$1 reference=$2 log=$3 wanted present
    wanted=$(image_id -H "unix://$ENGINE_SOCKET" "$reference") || die "the machine's engine has no image $reference"
    present=$(fleet_docker "$engine" image inspect --format '{{.Id}}' "$reference" 2>/dev/null || true)
    if [[ $present == "$wanted" ]]; then
        step "engine $engine: has $reference"
        return 0
    fi
    run_step "engine $engine: loading $reference" "$log" fleet_copy_image "$engine" "$reference"
    # The replaced image is no longer needed, unless a lab still runs on it.
    [[ -z $present ]] || fleet_docker "$engine" image rm "$present" >/dev/null 2>&1 || true
}

fleet_copy_image() {
    docker -H "unix://$ENGINE_SOCKET" save "$2" | fleet_docker "$1" load
}
