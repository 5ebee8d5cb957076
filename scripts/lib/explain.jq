# What `explain` says to people: the request, the verdict, what is required, and
# each member of the scope list that is about it.
include "human";

def line($what; value):
    value as $value | "\($what + ":" | column(12))\($value)";

# a grant's own condition, in the words that a record's would have
def condition: {
    key_not_yet_valid: "its time has not begun",
    key_expired: "its time is over",
    ip_refused: "not from this address",
    host_refused: "not for this host",
    method_refused: "not for this method",
    param_refused: "a param is not declared, has no value, or another one"
}[.] // .;

def request:
    "\(.method | clean) on \(.host // "no host" | clean)"
    + " from \(.ip // "no address" | clean)";

def verdict:
    (.verdict + if .reason then ", \(.reason)" else "" end) as $text
    | if $colour != "yes" then $text
      elif .verdict == "allowed" then "\u001b[32m\($text)\u001b[0m"
      elif .verdict == "undecided" then "\u001b[33m\($text)\u001b[0m"
      else "\u001b[31m\($text)\u001b[0m" end;

def decided:
    if .grant then " by \(.grant | grant_words)" else "" end;

def clause:
    "\(.required | map(clean) | join(" or ")): \(.verdict)"
    + (if .reason then ", \(.reason)" else "" end) + decided;

def member:
    (.member | grant_words) + (
        if .kind == "unreadable" then ": cannot be read, grants nothing"
        elif .kind == "refusal" then ": denies it, whatever grants it"
        elif .refused_by then ": holds, but \(.refused_by) denies it"
        elif .holds then ": holds"
        else ": does not hold: \(.reason | condition)" end);

line("key"; "\(.id), \(.mode)"),
line("request"; .request | request),
line("verdict"; verdict),
(if .reason or .verdict == "undecided" then line(""; .detail) | sub("^:"; " ") else empty end),
(if .param then
    line("param"; "\(.param): \(.cause)"
        + (if .values == [] then "" else " (\(.values | join(", ")))" end) | clean)
 else empty end),
(if .valid_key then line("required"; "valid_key") else empty end),
(.clauses | to_entries[]
    | line(if .key == 0 then "required" else "" end; .value | clause)
    | sub("^:"; " ")),
(if .mode == "global" then
    line("note"; "a global key needs no grant, only deny rules bind it")
 else empty end),
(.members | to_entries[]
    | line(if .key == 0 then "members" else "" end; .value | member)
    | sub("^:"; " "))
