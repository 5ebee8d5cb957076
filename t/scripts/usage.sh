# use: help, exit statuses, completion, manual page, quiet, colours, links
source ./lib.bash

commands=$(sk completion | sed -n "s/.*local commands='\([^']*\)'.*/\1/p")
ok 'there are commands' test "$(wc -w <<<"$commands")" -ge 15
for command in $commands; do
    run "$command" --help
    is "$command --help: status" "$status [$err]" '0 []'
    like "$command --help: usage" "$out" "^Usage: scoped-key $command"
    is "help $command" "$(sk help "$command")" "$out"
    is "$command --help: 80 columns" "$(awk 'length > 80' "$DIR/out")" ''
    like "$command is in the general help" "$(sk --help)" $'\n'"  $command +[a-z]"
    run "$command" --no-such-option
    is "$command: unknown option" "$status [$out]" '2 []'
done
run
is 'no command' "$status [$out]" '2 []'
run frobnicate
is 'unknown command' "$status" 2
for words in 'lsit list' 'lst list' 'listt list' 'revoke -' 'del delete' 'disalbe disable' \
    'obtain -'; do
    run "${words% *}"
    if [[ ${words#* } == - ]]; then
        unlike "unknown command ${words% *}: nothing like it" "$err" 'did you mean'
    else
        like "unknown command ${words% *}" "$err" "did you mean \"${words#* }\""
    fi
    is "unknown command ${words% *}: status" "$status" 2
done
run list x
like 'list takes no arguments' "$status $err" '^2 .*list takes no arguments'
run version
is 'version' "$status $out" "0 $(sk --version)"
is 'ls' "$(sk ls --help)" "$(sk list --help)"
is 'rm' "$(sk rm --help)" "$(sk delete --help)"
is 'get' "$(sk get --help)" "$(sk show --help)"
version=$(sed -n 's/^#define SCOPED_KEY_VERSION  "\(.*\)"$/\1/p' ../../src/core/version.h)
like 'there is a version' "$version" '^[0-9]+\.[0-9]+\.[0-9]+$'
run --version
is '--version' "$status $out" "0 scoped-key $version"
is 'scoped-key-core --version' "$(../../build/scoped-key-core --version)" \
    "scoped-key-core $version"
like 'the version in the manual page' "$(sk man | head -n 1)" "scoped.-key $version\"\$"
run create --name
is 'an option without its value' "$status" 2
run create --name a --name b
is 'an option twice' "$status" 2
for option in ip host method scope expires not-before meta prefix \
    pepper-file redis-prefix uri n; do
    if ((${#option} == 1)); then option=-$option; else option=--$option; fi
    run create "$option" '' s:a
    is "create $option with an empty value" "$status [$out]" '2 []'
    like "create $option with an empty value: says so" "$err" 'value is empty'
done
run rotate 4mQ2xV9tKc1Z --prefix=
is '--prefix= with no value' "$status [$err]" \
    $'2 [scoped-key: --prefix: the value is empty\nscoped-key: see: scoped-key rotate --help]'
is 'nothing was made of empty values' "$(redis DBSIZE)" 0
run -h
like '-h alone' "$status $err" '^2 .*-h needs a value, the host of Redis; for help: --help'
run list -n
like '-n alone' "$status $err" '^2 scoped-key: -n needs a value'
run list -n 1 -n 2
like '-n twice' "$status $err" '^2 scoped-key: -n is given twice'
run list -uredis://:hidden@127.0.0.1 -uredis://:hidden@127.0.0.2
is '-u twice: no password is shown' "$status [$err]" \
    $'2 [scoped-key: -u is given twice\nscoped-key: see: scoped-key list --help]'
run create --global=yes
is 'a value too many' "$status" 2
run create --quiet --name=x -- s:a
id=${out:3:12}
is '--name=x and --' "$status $(field name) $(members)" '0 x s:a'
run list -q
is '-q' "$out" "$id"
"$SCOPED_KEY" show "$id" -s"$SOCKET" >"$DIR/out"
is 'global options behind the command' "$?" 0
run man --json
is 'man: status' "$status" 0
if command -v groff >/dev/null; then
    is 'man: no warnings' "$(groff -man -Tutf8 -ww "$DIR/out" 2>&1 >/dev/null)" ''
    page=$(groff -man -Tascii -P-cbou "$DIR/out")
    for word in create --grace 'Exit status' --pepper-file; do
        like "man: $word" "$page" "$word"
    done
fi

mkdir "$DIR/copy"
cp "$SCOPED_KEY" "$DIR/copy"
"$DIR/copy/scoped-key" list >"$DIR/out" 2>"$DIR/err"
is 'a copy without its parts' "$? [$(<"$DIR/out")] $(wc -l <"$DIR/err")" '2 [] 1'
like 'a copy without its parts: says so' "$(<"$DIR/err")" 'link to it instead'
ln -s "$SCOPED_KEY" "$DIR/absolute"
ln -s absolute "$DIR/relative"
is 'through links' "$(cd / && "$DIR/relative" -s "$SOCKET" list -q)" "$id"
is 'from its own directory' "$(cd "${SCOPED_KEY%/*}" &&
    bash scoped-key -s "$SOCKET" list -q)" "$id"

# completion, as Bash would call it
complete_words() {
    COMP_WORDS=(scoped-key "$@")
    COMP_CWORD=$#
    _scoped_key
    echo "${COMPREPLY[*]}"
}
sk completion >"$DIR/completion"
source "$DIR/completion"
PATH=${SCOPED_KEY%/*}:$PATH
is 'completion: commands' "$(complete_words dis)" disable
is 'completion: options' "$(complete_words rotate X --gr)" --grace
is 'completion: global options' "$(complete_words list --pepper)" --pepper-file
is 'completion: ids' "$(complete_words -s "$SOCKET" show "${id:0:4}")" "$id"
is 'completion: states' "$(complete_words list --state ex)" expired

# a terminal, where there can be one: a bare chroot has no /dev/pts
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    on_terminal() {
        script -qec "$SCOPED_KEY -s $SOCKET $*" /dev/null </dev/null
    }
    export TERM=xterm
    like 'a terminal: colours' "$(on_terminal list)" $'\e\\[32menabled'
    unlike 'NO_COLOR' "$(NO_COLOR=1 on_terminal list)" $'\e'
    unlike '--json: no colours' "$(on_terminal list --json)" $'\e'
    for ((i = 0; i < 2000; i++)); do
        printf '{"digest":"%024x%040d"}\n' "$i" 0
    done >"$DIR/lines"
    like 'import: a bar' "$(on_terminal import "$DIR/lines")" '\[#+ *\] *100%'
fi
