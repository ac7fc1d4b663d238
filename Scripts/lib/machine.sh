# shellcheck shell=bash
# This machine's settings for reaching packages (certificates, apt sources, proxies, pip indexes), written as files for
# an image's build stage. None of them is kept in an image or in this repository. Needs console.sh.

# Where a build stage finds these files (see LabImages/jupyterlab/Dockerfile).
readonly MACHINE_IN_BUILD=/build/machine

# The machine's certificate authorities in one file; fails if there is none.
machine_authorities() {
    local file
    for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt; do
        if [[ -n $file && -s $file ]]; then
            printf '%s\n' "$file"
            return 0
        fi
    done
    return 1
}

# The machine's own apt sources of Debian's packages for a release, one-line style; empty if it has none. Other
# projects' repositories are left out. `apt-get update` must have run once, or apt does not know the origin of a
# repository.
machine_apt_sources() {
    command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2016 # $(…) is apt's
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)' 'Created-By: Packages' 2>/dev/null |
        awk -F '|' -v release="$1" '
            $3 == "main" && ($4 == "Debian" || $4 ~ /^\$|^$/) && ($2 == release || index($2, release "-") == 1) {
                if (!seen[$1 $2]++) print "deb", $1, $2, $3
            }'
}

# The machine's apt settings about fetching: proxies, retries, disabled verifications.
machine_apt_options() {
    command -v apt-config >/dev/null || return 0
    # These name a certificate or a program by its path on this machine, which does not exist in the build stage.
    apt-config dump |
        grep -E '^Acquire::(http|https|ftp|Check-Valid-Until|Check-Date|Retries|ForceIPv4)' |
        grep -vE '"/|""|::$' || true
}

# The machine's pip settings about where to fetch from, pip.conf style. Parsed by hand, because pip may not be
# installed.
machine_pip_settings() {
    local key name value file files=()
    for file in /etc/xdg/pip/pip.conf /etc/pip.conf ~/.pip/pip.conf ~/.config/pip/pip.conf "${PIP_CONFIG_FILE:-}"; do
        [[ -z $file || ! -r $file ]] || files+=("$file")
    done
    printf '[global]\n'
    for key in index-url extra-index-url trusted-host proxy timeout retries; do
        name=PIP_$(tr 'a-z-' 'A-Z_' <<<"$key")
        value=${!name:-}
        # The last file that has a key wins; a value continues on the indented lines below it.
        if [[ -z $value && ${#files[@]} -gt 0 ]]; then
            value=$(awk -v key="$key" '
                /^\[/ { section = $0; inside = 0 }
                section ~ /^\[(global|install)\]/ && $0 ~ "^" key "[ \t]*[=:]" {
                    sub(/^[^=:]*[=:][ \t]*/, ""); value = $0; inside = 1; next
                }
                inside && /^[ \t]+[^ \t]/ { sub(/^[ \t]+/, ""); value = value " " $0; next }
                { inside = 0 }
                END { print value }' "${files[@]}")
        fi
        [[ -z $value ]] || printf '%s = %s\n' "$key" "$value"
    done
}

# machine_settings DIRECTORY RELEASE: writes apt.conf, pip.conf and what they point to.
machine_settings() {
    local directory=$1 release=$2 authorities file
    mkdir -p "$directory/trusted.gpg.d"
    {
        machine_apt_options
        if authorities=$(machine_authorities); then
            cp "$authorities" "$directory/ca-certificates.crt"
            printf 'Acquire::https::CaInfo "%s/ca-certificates.crt";\n' "$MACHINE_IN_BUILD"
        fi
        machine_apt_sources "$release" >"$directory/sources.list"
        if [[ -s $directory/sources.list ]]; then
            printf 'Dir::Etc::sourcelist "%s/sources.list";\nDir::Etc::sourceparts "-";\n' "$MACHINE_IN_BUILD"
            # A mirror may have a signing key of its own, and may require a password.
            for file in /etc/apt/trusted.gpg.d/*.{gpg,asc} /etc/apt/keyrings/*.{gpg,asc} \
                /usr/share/keyrings/debian-archive-keyring.gpg; do
                [[ ! -r $file ]] || cp "$file" "$directory/trusted.gpg.d/"
            done
            printf 'Dir::Etc::trustedparts "%s/trusted.gpg.d/";\n' "$MACHINE_IN_BUILD"
            cat /etc/apt/auth.conf /etc/apt/auth.conf.d/*.conf 2>/dev/null >"$directory/auth.conf" || true
            printf 'Dir::Etc::netrc "%s/auth.conf";\n' "$MACHINE_IN_BUILD"
        fi
    } >"$directory/apt.conf"
    {
        machine_pip_settings
        if [[ -e $directory/ca-certificates.crt ]]; then
            printf 'cert = %s/ca-certificates.crt\n' "$MACHINE_IN_BUILD"
        fi
    } >"$directory/pip.conf"
}

# Proxies for `docker build`: the builder predefines these arguments, and they leave no trace in an image.
machine_proxy_arguments() {
    local name
    for name in http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY NO_PROXY; do
        [[ -z ${!name:-} ]] || printf -- '--build-arg\n%s=%s\n' "$name" "${!name}"
    done
}
