# shellcheck shell=bash
# Python packages for checks, each set in a virtual environment of its own. Needs console.sh and packages.sh.

# python_environment DIRECTORY LOG PACKAGE==VERSION…: ensures that DIRECTORY/bin/python has the packages, from PyPI;
# kept between runs.
python_environment() {
    local directory=$1 log=$2 wanted
    shift 2
    wanted=$(printf '%s\n' "$@")
    if [[ "$(cat "$directory/packages" 2>/dev/null)" == "$wanted" ]]; then return 0; fi
    install_packages "$log-packages" python3-venv
    rm -rf "$directory"
    run_step "making a Python environment" "$log-venv" python3 -m venv "$directory"
    run_step "installing $* from PyPI" "$log-pip" "$directory/bin/pip" install "$@"
    printf '%s\n' "$wanted" >"$directory/packages"
}
