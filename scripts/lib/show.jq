# One key for people: a line for each thing that is known of it.
include "people";

def line($what; value):
    value as $value | "\($what + ":" | column(16))\($value)";

def moment($what; $value):
    if $value == null then empty
    else line($what; "\($value | when($now))  (\($value | clean))") end;

def use:
    if .last_used == null then "never, as far as is known"
    else "\(.last_used | when($now))  (\(.last_used))"
      + (if .rotated_at == null then ""
         elif .last_used < .rotated_at then "; before the rotation, with the old text"
         elif .previous then "; after the rotation, with either text"
         else "; after the rotation, with the present text" end)
    end;

line("id"; .id),
(.name // empty | line("name"; clean)),
(.owner // empty | line("owner"; clean)),
line("mode"; .mode | clean),
line("state"; .state | state_words | tint($colour)),
moment("created"; .created_at),
moment("valid from"; .not_before),
moment("expires"; .expires_at),
moment("rotated"; .rotated_at),
(if .previous then moment("old text until"; .previous_until) else empty end),
line("last used"; use),
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
