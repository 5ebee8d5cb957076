# Packages: those of the machine, installed when missing; and the source of
# nginx, fetched through lists of our own under build/apt.  No archive is named
# here: the machine's own sources say where its archive is.
# Needs common.sh.
# shellcheck shell=bash
# shellcheck disable=SC2154  # root and build are of common.sh

# those of the arguments that are not installed
missing_packages() {
    local -A have=()
    local name status

    while read -r status name; do
        [[ $status != ii ]] || have[$name]=1
    done < <(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null)

    for name; do
        [[ ${have[$name]-} ]] || say "$name"
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo "$@"
    fi
}

# No service is started by an installation: SYSTEMD_OFFLINE tells systemctl to
# leave the running system alone, RUNLEVEL=1 tells invoke-rc.d the same.
apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive SYSTEMD_OFFLINE=1 RUNLEVEL=1 \
        apt-get -q -y -o Acquire::Retries=3 install --no-install-recommends \
        "$@"
}

apt_update() {
    as_root apt-get -q -o Acquire::Retries=3 update
}

# install_packages NAME...: those that are missing; the lists are brought up
# to date only when it does not work without
install_packages() {
    local missing try log=$build/log/apt-install.log

    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0

    if ((EUID != 0)) && ! command -v sudo >/dev/null; then
        die "please install, as root: ${missing[*]}"
    fi

    say "installing: ${missing[*]}"
    mkdir -p "$build/log"
    for try in 1 2 3; do
        if apt_install "${missing[@]}" >>"$log" 2>&1; then
            return 0
        fi
        sleep $(((try - 1) * 5))
        apt_update >>"$log" 2>&1
    done
    apt_install "${missing[@]}" >>"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        die "could not install: ${missing[*]} (all of it in $log)"
    }
}

codename() {
    # shellcheck source=/dev/null
    (. /etc/os-release && say "${VERSION_CODENAME:?}")
}

# source_of SUITE: the machine's first source of that suite, as it stands in a
# sources.list
source_of() {
    local format keyring=/usr/share/keyrings/debian-archive-keyring.gpg

    [[ -r $keyring ]] || keyring=
    # shellcheck disable=SC2016  # these are for apt to fill in
    format='$(RELEASE) $(REPO_URI)'
    apt-get indextargets --format "$format" 'Created-By: Packages' \
        | awk -v suite="$1" -v option="${keyring:+[signed-by=$keyring] }" '
              $1 == suite { print option $2; exit }'
}

# private_apt NAME TOOL ARGUMENT...: apt-get or apt-cache with the lists of
# build/apt/NAME alone.  Needs no rights and leaves the machine's apt alone.
private_apt() {
    local dir=$build/apt/$1 tool=$2
    shift 2

    "$tool" -q -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null \
        -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none \
        -o Acquire::Retries=3 "$@"
}

# private_lists NAME LINE...: makes them, and fetches the indexes
private_lists() {
    local dir=$build/apt/$1 name=$1
    shift

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    printf '%s\n' "$@" >"$dir/sources.list"
    run_logged "$build/log/apt-$name.log" private_apt "$name" apt-get \
        -o APT::Update::Error-Mode=any update
}

# nginx_source_versions: the revisions that the machine's archive offers of the
# source of the installed nginx, the newest first
nginx_source_versions() {
    local upstream

    upstream=$(dpkg-query -W -f '${source:Upstream-Version}' nginx)
    private_apt source apt-cache showsrc --only-source nginx \
        | sed -n 's/^Version: //p' | grep -F -- "$upstream-" | sort -ruV
}

# fetch_nginx_source DIRECTORY: the machine's nginx as source, Debian's
# patches applied.  An older revision of the same upstream version will do
# where the archive has no longer, or not yet, the newest.
fetch_nginx_source() {
    local base suite uri lines=() version files=$build/apt/source/files

    base=$(codename)
    for suite in "$base" "$base-updates" "$base-security"; do
        uri=$(source_of "$suite")
        [[ -z $uri ]] || lines+=("deb-src $uri $suite main")
    done
    private_lists source "${lines[@]}"

    mkdir -p "$files"
    for version in $(nginx_source_versions); do
        if (cd "$files" && private_apt source apt-get source --download-only \
            "nginx=$version") >>"$build/log/apt-nginx-source.log" 2>&1; then
            rm -rf "$1" && mkdir -p "$(dirname "$1")"
            run_logged "$build/log/unpack.log" dpkg-source --no-check --no-copy -x \
                "$files/nginx_$version.dsc" "$1"
            return
        fi
    done
    die "no source of nginx to be had, see $build/log/apt-nginx-source.log"
}
