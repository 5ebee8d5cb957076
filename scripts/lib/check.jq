# The findings of `check`, a line each; at the end, which is a marker, what was
# found in all: standard error, and exit status 1 if there was anything.
include "human";

def shown:
    if $json == "yes" then {id} + .findings[] | tojson
    elif $json == "ids" then select(.findings != []) | .id
    else .id as $id | .findings[]
        | "\($id | column(12) | clean)  \(.kind | column(8))  \(.text | clean)"
    end;

def sum:
    (if .found > 0 then 1 else 0 end) as $code
    | if $json != "no" then ""
      else "scoped-key: \(count(.keys; "record")) looked at, "
          + "\(count(.found; "finding"))\n" end
    | halt_error($code);

foreach (inputs | if . == $marker then {end: true} else records end) as $row
    ({keys: 0, found: 0};
     if $row.end then . else .keys += 1 | .found += ($row.findings | length)
     end;
     if $row.end then sum else $row | shown end)
