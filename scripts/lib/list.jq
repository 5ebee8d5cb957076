# The columns of `list` and `unused`; $last names the time in the seventh one.
# A million rows go through here: what costs much is done only where it is needed.
include "people";

# ids of legacy keys are longer than others; the first rows tell if there are any
def width:
    if any(.[] | select(startswith("{")) | fromjson; .id | length > 12)
    then 25 else 12 end;

def heading($width):
    [("ID" | column($width)), ("NAME" | column(22)), ("OWNER" | column(14)),
     ("MODE" | column(6)), ("STATE" | column(13)), ("CREATED" | column(14)),
     (if $last == "expires_at" then "EXPIRES" else "LAST USED" end
         | column(14)), "SCOPES"] | join("  ");

# clean: what makes a text fit for a terminal
def scopes(clean):
    .scopes as $all | ($all | length) as $n
    | if $n == 0 then if .mode == "global" then "everything" else "none" end
      else reduce $all[:3][] as $one ("";
          . + (if . == "" then "" else " " end)
          + ($one | if startswith("{") then try words catch $one else . end
              | clean))
        | if $n > 3 then . + " (\($n) in all)" else . end end;

def ago($none): if . == null then $none else when($now) end | column(14);

def id($width):
    if length > $width then . else . + " " * ($width - length) end;

def row($width; clean):
    (.id | id($width)) + "  "
    + (.name // "-" | clean | column(22)) + "  "
    + (.owner // "-" | clean | column(14)) + "  "
    + (.mode | clean | column(6)) + "  "
    + (.state | state_words | column(13) | tint($colour)) + "  "
    + (.created_at | ago("-")) + "  " + (.[$last] | ago("never")) + "  "
    + scopes(clean);

# Whether no text of a line can hold what a terminal obeys: such bytes of ASCII
# come escaped, and those of a member, which is JSON itself, escaped twice.
def is_harmless:
    utf8bytelength == length
    and (contains("\\u") or contains("\\\\") | not);

def shown($width; $harmless):
    if $json == "yes" then tojson
    elif $json == "ids" then .id
    elif $harmless then row($width; .)
    else row($width; clean) end;

# In jq 1.6 a `try` catches what breaks a limit off behind it: none may stand
# in f, and what is made of a record comes after this.
def some(f): if $limit > 0 then limit($limit; f) else f end;

[limit(500; inputs)] as $first
| ($first | width) as $width
| (if $json == "no" then heading($width) else empty end),
  (some(($first[], inputs) | {harmless: is_harmless, record: records})
    | .harmless as $harmless | .record | shown($width; $harmless))
