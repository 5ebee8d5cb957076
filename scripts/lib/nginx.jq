# What a location of nginx asks of a request, from the text that `nginx -T` prints:
# the server and the location that the request comes to, and what they require.
# Says `unknown` of whatever decides and is not plain from the text.
#
# $host, $path, $method: of the request.

# words and marks; a word may hold ${name}
def tokens:
    [scan("#[^\n]*|\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|[{};]|(?:\\$\\{|\\\\.|[^\\s;{}\"'#])(?:\\$\\{[^}]*\\}|\\\\.|[^\\s;{])*")
        | select(startswith("#") | not)
        | if test("^[\"']") then {w: (.[1:-1] | gsub("\\\\(?<c>[\"'\\\\])"; .c))}
          elif . == "{" or . == "}" or . == ";" then {m: .}
          else {w: .} end];

# a tree of {name, args, block}
def tree:
    reduce tokens[] as $t ({stack: [{block: []}], words: []};
        if $t.w then .words += [$t.w]
        elif $t.m == ";" then
            (if .words == [] then . else
                .stack[-1].block += [{name: .words[0], args: .words[1:]}] end)
            | .words = []
        elif $t.m == "{" then
            .stack += [{name: (.words[0] // ""), args: .words[1:], block: []}]
            | .words = []
        elif (.stack | length) > 1 then
            .stack[-1] as $done | .stack = .stack[:-1]
            | .stack[-1].block += [$done] | .words = []
        else . end)
    | .stack[0].block;

# files of `nginx -T`, each behind a line with its name; else one without
def files:
    [splits("(?m)^# configuration file ")]
    | if length == 1 then [{path: "", text: .[0]}]
      else [.[1:][] | index(":\n") as $at
        | {path: .[:$at], text: .[$at + 2:]}] end;

def glob:
    gsub("(?<c>[.+^$(){}|\\\\])"; "\\\(.c)") | gsub("\\*"; "[^/]*")
    | gsub("\\?"; "[^/]") | "^\(.)$";

# includes in place of themselves, as far as they are there
def included($files; $dir; $depth):
    [.[] | if .name == "include" and $depth < 8 then
            (.args[0] // "" | if startswith("/") then . else "\($dir)/\(.)" end) as $name
            | ($name | glob) as $glob
            | [$files[] | select(.path | test($glob)) | .text | tree
                | included($files; $dir; $depth + 1)] | add // [] | .[]
        elif .block then .block |= included($files; $dir; $depth)
        else . end];

def directives($name): .block[]? | select(.name == $name);

# 3 exact, over 2 with a wildcard before, over 1 with one after it, of these the
# longest; then a regular expression
def name_rank:
    [directives("server_name") | .args[] | ascii_downcase | . as $name
        | if $name == $host then 3
          elif startswith(".") and $host == $name[1:] then 3
          elif (startswith("*.") or startswith("."))
              and ($host | endswith($name | ltrimstr("*"))) then 2 + length / 1000
          elif endswith(".*") and ($host | startswith($name[:-1])) then 1 + length / 1000
          elif startswith("~") and ($host | test($name[1:])) then 0.5
          else 0 end] | max // 0;

def is_default: [directives("listen") | .args[]] | index("default_server") != null;

def server:
    [.[] | . + {rank: name_rank}] as $all
    | ($all | map(.rank) | max // 0) as $best
    | if $best > 0 then [$all[] | select(.rank == $best)][0]
      else ([$all[] | select(is_default)][0] // $all[0]) end;

# a location as {kind, pattern}
def place:
    .args as $a
    | if ($a | length) > 1 then {kind: $a[0], pattern: $a[1]}
      elif $a[0] | startswith("=") then {kind: "=", pattern: $a[0][1:]}
      else {kind: "", pattern: $a[0]} end;

def matches($p):
    if $p.kind == "=" then $path == $p.pattern
    elif $p.kind == "~" then $path | test($p.pattern)
    elif $p.kind == "~*" then $path | test($p.pattern; "i")
    elif $p.pattern | startswith("@") then false
    else $path | startswith($p.pattern) end;

# as nginx: exact, then the longest prefix unless ^~ the first regular expression
def location:
    [directives("location") | . + {place: place} | select(matches(.place))] as $all
    | [$all[] | select(.place.kind == "=")][0]
      // ([$all[] | select(.place.kind == "" or .place.kind == "^~")]
            | max_by(.place.pattern | length)) as $prefix
      | if $prefix.place.kind == "^~" then $prefix
        else [$all[] | select(.place.kind | startswith("~"))][0] // $prefix end;

# the blocks from the server to the innermost location
def chain:
    . as $block | location as $inner
    | [$block] + if $inner == null then [] else ($inner | chain) end;

# of the innermost block that has any
def inherited($name): [.[] | [directives($name)] | select(. != [])] | last // [];

def one($name; $default): inherited($name) | last | .args[0] // $default;

def captured:
    [.[] | .place // empty | select(.kind | startswith("~"))
        | .kind as $kind | .pattern as $pattern
        | $path | match($pattern; if $kind == "~*" then "i" else "" end).captures
        | to_entries[]
        | {key: (.key + 1 | tostring), value: (.value.string // "")},
          (select(.value.name != null) | {key: .value.name, value: (.value.string // "")})]
    | from_entries;

def escaped: @uri | gsub("%40"; "@");

# a required scope filled in; `unknown` names what cannot be
def filled($captured; $access):
    . as $text
    | [scan("\\$\\{?[A-Za-z0-9_]+\\}?") | gsub("[${}]"; "")] as $names
    | reduce $names[] as $name ({text: $text, unknown: []};
        ($captured[$name]
            // {scoped_key_access: $access, request_method: $method, host: $host}[$name])
            as $value
        | .text |= gsub("\\$\\{?" + $name + "\\}?(?![A-Za-z0-9_])";
            $value // "unknown" | escaped)
        | if $value == null then .unknown += ["$" + $name] else . end);

files as $files
| ($files[0].path | sub("/[^/]*$"; "")) as $dir
| ($files[0].text | tree | included($files; $dir; 0)) as $main
| [$main[] | select(.name == "http")] as $http
| if $http == [] then {error: "there is no http block in it"}
  else [$http[0] | directives("server")] as $servers
  | if $servers == [] then {error: "there is no server in it"}
    else ($servers | server) as $server
    | ([$http[0] | .] + ($server | chain)) as $blocks
    | ($blocks | one("scoped_key"; "off")) as $enable
    | ($blocks | captured) as $captured
    | (if ($blocks | one("scoped_key_graphql"; "off")) == "on" then null
       elif $method | IN("GET", "HEAD", "OPTIONS") then "read" else "write" end) as $access
    | ($blocks | inherited("scoped_key_require")) as $require
    | [$require[].args | map(filled($captured; $access))] as $filled
    | ($blocks | inherited("scoped_key_param")) as $params
    | {server: ([$server | directives("server_name") | .args[]] | join(" ")),
       location: ($blocks[-1].place // null
            | if . == null then null else "\(.kind) \(.pattern)" | ltrimstr(" ") end),
       enable: $enable, dry_run: ($blocks | one("scoped_key_dry_run"; "off")),
       valid_key: ($require | any(.[].args[]; . == "valid_key")),
       require: [$filled[] | map(.text)],
       params: [$params[].args | .[0] as $name
            | select(any(.[1:][]; startswith("split=")) | not) | .[1:][]
            | select(startswith("arg:")) | "\($name)=\(.)"],
       # of other sources, or cut into pieces, and not given by --param
       unread: ([$params[].args | select(any(.[1:][]; startswith("arg:") | not)) | .[0]]
            - $given),
       unknown: ([$filled[][] | .unknown[]] | unique
            + [$blocks[] | .block[]? | .name
                | select(. == "rewrite" or . == "if" or . == "return" or . == "try_files")]
            + (if $path | test("%|//|/\\.") then ["a path that nginx normalises"]
               else [] end) | unique)}
    end
  end
