# The rows of `list` and `unused`.  Which columns there are depends on the width
# of the terminal; what does not fit is cut.  A million rows go through here:
# what costs much is done only where it is needed.
#
# $json: no, yes or ids.  $width: 0 is without end.  $ids: the width of ids.
# $columns: names and commas, or nothing.  $kind: list, rotating or unused.
# $marker: the line that says that nothing is missing.
include "human";

def brief_duration:
    if . < 60 then "\(floor)s" elif . < 3600 then "\(. / 60 | floor)m"
    elif . < 172800 then "\(. / 3600 | floor)h"
    elif . < 8640000 then "\(. / 86400 | floor)d"
    elif . < 63072000 then "\(. / 2628000 | floor)mo"
    else "\(. / 31536000 | floor)y" end;

# as `when`, in a few characters
def brief:
    . as $text
    | (try fromdateiso8601 catch null) as $t
    | if $t == null then $text
      elif $t > $now then "in \($t - $now | brief_duration)"
      else "\($now - $t | brief_duration) ago" end;

# Short times where all columns would not have room for long ones.
def is_brief: $width > 0 and $width < 150 and $kind != "unused";

# name, title, least width, greatest width
def known:
    (if is_brief then 9 else 14 end) as $time
    | [["id", "ID", $ids, $ids], ["name", "NAME", 16, 30],
       ["owner", "OWNER", 10, 20], ["mode", "MODE", 6, 6],
       ["state", "STATE", 10, 13], ["created", "CREATED", $time, 14],
       ["not_before", "VALID FROM", 10, 14], ["expires", "EXPIRES", $time, 14],
       ["rotated", "ROTATED", $time, 14],
       ["previous_until", "OLD KEY ENDS", 12, 14],
       ["previous_used", "OLD KEY USED", 12, 14],
       ["last_used", "LAST USED", $time, 14], ["hosts", "HOSTS", 12, 40],
       ["ips", "ADDRESSES", 12, 40], ["methods", "METHODS", 10, 20],
       ["scopes", "SCOPES", if is_brief then 13 else 8 end, 1000000]];

def wanted:
    {list: ["id", "name", "state", "expires", "owner", "scopes", "last_used",
            "created", "mode"],
     rotating: ["id", "previous_used", "previous_until", "last_used", "name",
                "rotated", "owner", "scopes"],
     unused: ["id", "name", "state", "last_used", "owner", "scopes",
              "created", "mode"]}[$kind];

def total: map(.w) | add + 2 * (length - 1);

# the columns, most wanted first, until one has no room, in the order of `known`
def fitting:
    known as $known
    | reduce wanted[] as $name ({cols: []};
        ($known[] | select(.[0] == $name)) as $c
        | (.cols + [{name: $name, title: $c[1], w: $c[2], most: $c[3]}])
            as $more
        | if .full or ($width > 0 and ($more | total) > $width) then .full = true
          else .cols = $more end)
    | .cols as $chosen
    | [$known[] as $c | $chosen[] | select(.name == $c[0])];

def asked:
    known as $known
    | $columns / "," | map(. as $name
        | ($known | map(select(.[0] == $name))[0]
            // [$name, ($name | ltrimstr("meta.") | ascii_upcase), 12, 30])
        | {name: .[0], title: .[1], w: .[2], most: .[3]});

# what is left of the width goes to the columns that can use it, to the scopes
# first, so that one or two can be read
def widen:
    def more($i; $most):
        ([$width - total, $most - .[$i].w] | min) as $more
        | if $more > 0 then .[$i].w += $more else . end;
    if $width == 0 then map(if .most <= 40 then .w = .most else . end)
    else reduce range(length) as $i (.;
            if .[$i].name == "scopes" then more($i; 24) else . end)
        | reduce range(length) as $i (.; more($i; .[$i].most)) end;

def time($none; $short):
    if . == null then $none elif $short then brief else when($now) end;

# a record is read by the operator as one that is being rotated, or whose old
# key is still used
def state:
    if .state == "enabled" and .previous then
        if .previous_last_used != null then "old in use" else "rotating" end
    elif .state == "not_yet_valid" and $width > 0 then "not yet"
    else .state | state_words end;

def scopes:
    .scopes as $all | ($all | length) as $n
    | if $n == 0 then if .mode == "global" then "everything" else "none" end
      else [$all[:if $width > 0 then 8 else $n end][]
          | if startswith("{") then try words catch . else . end] | join(" ")
      end;

def cell($name; $short):
    if $name == "id" then .id
    elif $name == "name" then .name // "-"
    elif $name == "owner" then .owner // "-"
    elif $name == "mode" then .mode
    elif $name == "state" then state
    elif $name == "created" then .created_at | time("-"; $short)
    elif $name == "not_before" then .not_before | time("-"; $short)
    elif $name == "expires" then .expires_at | time("never"; $short)
    elif $name == "rotated" then .rotated_at | time("-"; $short)
    elif $name == "previous_until" then .previous_until | time("-"; $short)
    elif $name == "previous_used" then
        .previous_last_used | time("no use"; $short)
    elif $name == "last_used" then .last_used | time("no use"; $short)
    elif $name == "scopes" then scopes
    elif $name == "hosts" or $name == "ips" or $name == "methods" then
        .[$name] // ["any"] | join(" ")
    else .meta[$name | ltrimstr("meta.")] // "-" end;

# exactly $w characters; nothing is cut off where there is no end
def fill($w):
    length as $n
    | if $n <= $w then . + " " * ($w - $n)
      elif $width == 0 then .
      else .[:$w - 1] + "…" end;

def trimmed: if endswith(" ") then sub(" +$"; "") else . end;

# An id is never cut: a long one pushes the rest of its row
def row($cols; $short; $harmless):
    . as $record
    | reduce $cols[] as $c ("";
        ($record | cell($c.name; $short) | if $harmless then . else clean end
            | if $c.name == "id" then . + " " * ($c.w - length)
              elif $c.name == "state" then fill($c.w) | tint($colour)
              else fill($c.w) end) as $text
        | if . == "" then $text else . + "  " + $text end)
    | trimmed
    | if $width > 0 and $colour != "yes" and length > $width
      then .[:$width - 1] + "…" else . end;

# Whether no text of a line can hold what a terminal obeys: such bytes of ASCII
# come escaped, and those of a member, which is JSON itself, escaped twice.
def is_harmless:
    utf8bytelength == length
    and (contains("\\u") or contains("\\\\") | not);

# How many there were: to standard error, or below the rows where both are on one
# terminal.
def sum($n; $how):
    (if $n == 0 then if $all == "yes" then "there are no keys" else "no key matches" end
     elif $how == "full" then "the first \(if $n == 1 then "key" else "\($n) keys" end)"
     else count($n; "key") end) as $text
    | if $terminal == "yes" then $text, halt
      else "scoped-key: \($text)\n" | halt_error(0) end;

# $warning: what has to be said, even with --quiet, once a key is shown
def finished($n; $how):
    if $how == "broken" then "" | halt_error(3)
    elif $n > 0 and $warning != "" then
        "scoped-key: \($warning)\n"
        + if $json == "no" then "scoped-key: \(count($n; "key"))\n" else "" end
        | halt_error(0)
    elif $json != "no" then halt
    else sum($n; $how) end;

(if $columns == "" then fitting else asked end | widen) as $cols
| is_brief as $short
| (if $json == "no" then
      $cols | map(.title as $t | .w as $w | $t | fill($w)) | join("  ") | trimmed
   else empty end),
  # the marker is the end; without it something is missing
  foreach ((inputs | select(. != "" and (startswith("-> Redirected") | not))),
      null) as $line ({n: 0};
    if $line == $marker then .how = "whole" | .record = null
    elif $line == null then .how = "broken" | .record = null
    else .record = ($line | records)
        | .harmless = ($json != "no" or ($line | is_harmless))
        | .n += 1
        | if .n == $limit then .how = "full" else . end end;
    .harmless as $harmless
    | (.record | if . == null then empty
        elif $json == "yes" then tojson
        elif $json == "ids" then .id
        else row($cols; $short; $harmless) end),
      if .how then finished(.n; .how) else empty end)
