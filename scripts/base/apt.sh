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

# nginx_sources: where the machine's nginx may be from, as `URI SUITE COMPONENT`
# a line.  Asked of apt, for what os-release calls itself is not always the name
# of a suite: that of Debian's sid is the next release's.
nginx_sources() {
    apt-cache madison nginx \
        | sed -nE 's#^ *nginx \| [^|]+ \| ([^ ]+) ([^ ]+)/([^ /]+) .*Packages$#\1 \2 \3#p' \
        | sort -u
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

# private_lists NAME LINE...: makes them, and fetches the indexes.  A suite that
# cannot be had is none; one whose time is over is as good for sources: they are
# looked up by the version that is installed.
private_lists() {
    local dir=$build/apt/$1 name=$1
    shift

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
    printf '%s\n' "$@" >"$dir/sources.list"
    private_apt "$name" apt-get -o Acquire::Check-Valid-Until=false update \
        >"$build/log/apt-$name.log" 2>&1 || :
}

# nginx_source_versions: the revisions that the machine's archive offers of the
# source of the installed nginx, the newest first
nginx_source_versions() {
    private_apt source apt-cache showsrc --only-source nginx \
        | sed -n 's/^Version: //p' | grep -F -- "$(nginx_upstream)-" | sort -ruV
}

nginx_upstream() {
    dpkg-query -W -f '${source:Upstream-Version}' nginx
}

# fetch_nginx_source DIRECTORY: the machine's nginx as source, Debian's
# patches applied.  An older revision of the same upstream version will do
# where the archive has no longer, or not yet, the newest; and where it has
# none of their patches, the version as upstream released it.
fetch_nginx_source() {
    local keyring=/usr/share/keyrings/debian-archive-keyring.gpg lines version
    local files=$build/apt/source/files log=$build/log/apt-nginx-source.log

    [[ -r $keyring ]] || keyring=
    mapfile -t lines < <(nginx_sources \
        | sed "s#^#deb-src ${keyring:+[signed-by=$keyring] }#")
    ((${#lines[@]})) || die "apt knows no source of nginx: try apt-get update"
    mkdir -p "$files" "$build/log"
    private_lists source "${lines[@]}"

    rm -rf "$1" && mkdir -p "$(dirname "$1")"
    for version in $(nginx_source_versions); do
        if (cd "$files" && private_apt source apt-get source --download-only \
            "nginx=$version") >>"$log" 2>&1; then
            run_logged "$build/log/unpack.log" dpkg-source --no-check --no-copy \
                -x "$files/nginx_$version.dsc" "$1"
            return
        fi
    done
    fetch_nginx_release "$files" >>"$log" 2>&1 \
        || die "no source of nginx $(nginx_upstream) to be had, see $log"
    mkdir "$1"
    tar -xf "$files/$(nginx_tarball)" -C "$1" --strip-components=1
    say "nginx's source is $(nginx_upstream) without Debian's patches"
}

nginx_tarball() {
    say "nginx_$(nginx_upstream).orig.tar.gz"
}

# fetch_nginx_release DIRECTORY: the tarball alone, from wherever an index has
# its checksum
fetch_nginx_release() {
    local tarball sum place uri
    tarball=$(nginx_tarball)

    private_apt source apt-cache showsrc --only-source nginx | awk -v file="$tarball" '
        /^Directory: / { place = $2 }
        /^Checksums-Sha256:/ { sums = 1; next }
        /^[^ ]/ { sums = 0 }
        sums && $3 == file { sum = $1 }
        /^$/ { if (sum) print sum, place; sum = place = "" }
        END { if (sum) print sum, place }' | sort -u >"$1/found"
    while read -r sum place; do
        for uri in $(nginx_sources | cut -d ' ' -f 1 | sort -u); do
            (cd "$1" && /usr/lib/apt/apt-helper download-file \
                "$uri/$place/$tarball" "$tarball" "SHA256:$sum") && return
        done
    done <"$1/found"
    return 1
}
