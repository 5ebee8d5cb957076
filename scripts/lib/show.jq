# One key for people: a line for each thing that is known of it.
include "human";

def line($what; value):
    value as $value | "\($what + ":" | column(16))\($value)";

def timestamp($what; $value):
    if $value == null then empty
    else line($what; "\($value | when($now))  (\($value | clean))") end;

# which text the last use was with; uses are written by the second
def which:
    if .rotated_at == null then ""
    elif .last_used < .rotated_at then "; before the rotation, with the old secret"
    elif .previous_last_used == null then
        "; after the rotation, with the current secret"
    elif .last_used <= .previous_last_used then
        "; after the rotation, with the old secret"
    else "; after the rotation, with the current secret" end;

def use:
    if .last_used == null then "no use recorded"
    else "\(.last_used | when($now))  (\(.last_used))" + which end;

def previous:
    (if .previous_until == null then "refused"
     elif .previous then
        "accepted until \(.previous_until | clean), \(.previous_until | when($now))"
     else "refused since \(.previous_until | clean)" end)
    + "  ("
    + (if .previous_last_used == null then "no use known since the rotation"
       else "last used \(.previous_last_used | when($now))" end) + ")";

line("id"; .id),
(.name // empty | line("name"; clean)),
(.owner // empty | line("owner"; clean)),
line("mode"; .mode | clean),
line("state"; .state | state_words | tint($colour)),
timestamp("created"; .created_at),
timestamp("valid from"; .not_before),
timestamp("expires"; .expires_at),
timestamp("rotated"; .rotated_at),
(.revision // empty | line("revision"; tostring)),
line("last used"; use),
(if .previous == null then empty else line("old secret"; previous) end),
(.hosts // empty | line("hosts"; join(" ") | clean)),
(.ips // empty | line("addresses"; join(" ") | clean)),
(.methods // empty | line("methods"; join(" ") | clean)),
(.meta | to_entries[] | line("meta"; "\(.key)=\(.value)" | clean)),
(if .scopes == [] then line("scopes";
    if .mode == "global" then "needs none" else "none" end)
 else .scopes | to_entries[]
    | line(if .key == 0 then "scopes" else "" end; .value | grant_words)
    | sub("^:"; " ") end),
(.problems[] | line("problem"; clean))
