# How things look to people: moments, grants in words, columns.  What comes
# from Redis is cleaned of all that a terminal obeys, or that turns text round.

def clean:
    if type != "string" then tostring
    elif test("[\u0001-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\\x00")
    then gsub("[\u0001-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\\x00"; "?")
    else . end;

def count($n; $unit):
    if $n == 1 then "1 \($unit)" else "\($n) \($unit)s" end;

# seconds as one number and one unit, to the nearest
def duration:
    if . < 60 then count(.; "second")
    elif . < 3570 then count(. / 60 + 0.5 | floor; "minute")
    elif . < 129600 then count(. / 3600 + 0.5 | floor; "hour")
    elif . < 10368000 then count(. / 86400 + 0.5 | floor; "day")
    elif . < 63072000 then count(. / 2628000 + 0.5 | floor; "month")
    else count(. / 31536000 + 0.5 | floor; "year") end;

# RFC 3339 as "3 days ago" or "in 3 days"; what is no time, as it stands
def when($now):
    . as $text
    | (try fromdateiso8601 catch null) as $t
    | if $t == null then $text | clean
      elif $t > $now then "in \($t - $now | duration)"
      elif $now - $t < 1 then "just now"
      else "\($now - $t | duration) ago" end;

# a constrained grant as `scoped-key grant` takes it
def words:
    if startswith("{") | not then .
    else (try fromjson catch null) as $g
    | if ($g | type) != "object" then .
      else [($g.scope // "?")]
        + [($g.params // {}) | to_entries[] | "\(.key)=\(.value | join(","))"]
        + [($g.hosts // [])[] | "--host \(.)"]
        + [($g.methods // [])[] | "--method \(.)"]
        + [($g.ips // [])[] | "--ip \(.)"]
        + [$g.not_before // empty | "--not-before \(todateiso8601)"]
        + [$g.expires_at // empty | "--expires \(todateiso8601)"]
        | join(" ") end
    end;

def grant_words:
    . as $text | try words catch $text | clean;

# a constrained grant as words that a shell takes; in JSON where words cannot
def command_words:
    def quoted: if test("^[A-Za-z0-9_./:=,@%+-]+$") then . else @sh end;
    . as $member | fromjson
    | if [.params // {} | to_entries[] | .key, .value[]]
        | any(test("^ |,| $|^$")) then [$member]
      else [.scope]
        + [.params // {} | to_entries[] | "\(.key)=\(.value | join(","))"]
        + [.hosts // [] | .[] | "--host", .]
        + [.methods // [] | .[] | "--method", .]
        + [.ips // [] | .[] | "--ip", .]
        + [.not_before // empty | "--not-before", todateiso8601]
        + [.expires_at // empty | "--expires", todateiso8601] end
    | map(quoted) | join(" ") | clean;

def state_words: if contains("_") then gsub("_"; " ") else . end;

def tint($colour):
    if $colour != "yes" then .
    elif startswith("enabled") then "\u001b[32m\(.)\u001b[0m"
    elif startswith("not yet") then "\u001b[33m\(.)\u001b[0m"
    else "\u001b[31m\(.)\u001b[0m" end;

# exactly $width characters, the last an ellipsis when some were cut off
def column($width):
    if length > $width then .[:$width - 1] + "…"
    else . + " " * ($width - length) end;

# lines from redis-cli: the records; stops at what is none
def records:
    if startswith("{") then fromjson
    elif . == "" or startswith("-> Redirected") then empty
    else "scoped-key: Redis refused: \(clean) (docs/redis.md)\n"
        | halt_error(3) end;
