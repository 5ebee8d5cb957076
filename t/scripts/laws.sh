# the scripts themselves: shellcheck, functions, Lua that keeps to itself
source ./lib.bash

cd ../../scripts || exit 1
if command -v shellcheck >/dev/null; then
    is 'shellcheck: the command' "$(shellcheck -x -e SC2015,SC2153 scoped-key lib/*.bash)" ''
    is 'shellcheck: the completion' "$(./scoped-key completion |
        shellcheck -s bash -)" ''
    is 'shellcheck: the tests' "$(shellcheck -x -s bash -e SC1083,SC1091,SC2086,SC2093,SC2317,SC1003,SC2016,SC2034,SC2100,SC2154 \
        ../t/scripts/run ../t/scripts/*.bash ../t/scripts/*.sh)" ''
fi
is 'functions of Bash fit on a screen' "$(awk '
    /^[a-z0-9_]+\(\) \{$/ { name = $1; start = FNR }
    /^\}/ && FNR - start > 42 { print FILENAME, name, FNR - start }' \
    scoped-key lib/*.bash)" ''
is 'every Lua function is local or a command' "$(grep -n '^function ' lua/*.lua |
    grep -v 'function commands\.' | grep -v 'function json_value')" ''
is 'every part of the script is named' "$(sed -n 's/^LUA_PARTS=(\(.*\))$/\1/p' \
    lib/redis.bash | xargs -n 1 | sort)" \
    "$(basename -s .lua -- lua/*.lua | sort)"
