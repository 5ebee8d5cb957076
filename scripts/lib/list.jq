# The columns of `list` and `unused`; $last names the time in the sixth one.
include "people";

def scopes:
    (.scopes | length) as $n
    | if .mode == "global" and $n == 0 then "everything"
      elif $n == 0 then "none"
      else ([.scopes[:3][] | grant_words] | join(" "))
        + (if $n > 3 then " (\($n) in all)" else "" end) end;

def heading:
    [("ID" | column(12)), ("NAME" | column(22)), ("OWNER" | column(14)),
     ("MODE" | column(6)), ("STATE" | column(13)), ("CREATED" | column(14)),
     ($last | gsub("_"; " ") | if . == "expires at" then "EXPIRES"
         else "LAST USED" end | column(14)), "SCOPES"] | join("  ");

def row:
    [(.id + " " * (12 - (.id | length))),
     (.name // "-" | clean | column(22)),
     (.owner // "-" | clean | column(14)),
     (.mode | clean | column(6)),
     (.state | state_words | column(13) | tint($colour)),
     (.created_at // "-" | when($now) | column(14)),
     (.[$last] // "never" | when($now) | column(14)),
     scopes] | join("  ");

def some: if $limit > 0 then limit($limit; inputs | records)
    else inputs | records end;

if $json == "yes" then some | tojson
elif $json == "ids" then some | .id
else heading, (some | row) end
