# Lines of an import to commands of redis-cli, $batch lines each; with $batch 0
# to `id, tab, JSON`.  What is no record becomes `!` and the reason: a field
# that is not known here never leaves this machine, it might be a secret.

def known: ["id", "digest", "previous_digest", "previous_until", "enabled",
    "mode", "name", "owner", "created_at", "not_before", "expires_at",
    "rotated_at", "hosts", "ips", "methods", "meta", "prefix", "scopes"];

# what `show --json` prints besides: of no use to an import
def derived: ["state", "last_used", "previous", "previous_last_used",
    "problems"];

# a constrained grant may be given as an object; no scopes is a missing list
def plain_scopes:
    if .scopes == null then del(.scopes)
    elif (.scopes | type) == "array" and any(.scopes[]; type == "object")
    then .scopes |= map(if type == "object" then tojson else . end)
    else . end;

def judged:
    if type != "object" then "!is no JSON object"
    else (keys_unsorted - known) as $strange
    | if $strange == [] then $defaults + . | plain_scopes | tojson
      elif $strange - derived == [] then
        with_entries(select(.key as $key | derived | index($key) | not))
        | judged
      else "!has the field \"\(($strange - derived)[0])\", which a record"
        + " has not" end
    end;

def item:
    if startswith("!") then .
    elif contains("\ufffd") then "!is not UTF-8"
    elif startswith("{") then (try fromjson catch null) | judged
    elif test("^[ \t\r]*$") then "-"
    else (try fromjson catch null) | judged end;

def id_of:
    if startswith("{") then fromjson
        | (.id // ("x" + (.digest // "" | tostring | .[:24])) | tostring)
        | if test("^[0-9A-Za-z]+\\z") then . else "-" end
    else "-" end;

def batches:
    label $all
    | foreach range(1; infinite; $batch) as $first (null;
        [limit($batch; inputs)];
        if . == [] then break $all
        else "\($start) \($first) " + ([.[] | item | tojson] | join(" ")) end);

if $batch == 0 then (inputs | item | "\(id_of)\t\(.)"), "\($marker)\t"
else batches, ($wait | select(. != "")), "ECHO \($marker)" end
