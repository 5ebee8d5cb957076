# `status` for people in a screen, for programs as one object.
include "human";

def line($what; value):
    value as $value | "\($what + ":" | column(12))\($value | clean)";

def bytes:
    if . >= 1073741824 then "\(. * 10 / 1073741824 | floor / 10) GiB"
    elif . >= 1048576 then "\(. * 10 / 1048576 | floor / 10) MiB"
    else "\(. / 1024 | floor) KiB" end;

def server:
    if $info.valkey_version then "Valkey \($info.valkey_version)"
    elif $info.redis_version then "Redis \($info.redis_version)"
    else "unknown: this user of Redis may not use INFO" end;

def memory:
    ($info.used_memory // "0" | tonumber | bytes) + " used"
    + (($info.maxmemory // "0" | tonumber) as $most
        | if $most > 0 then " of \($most | bytes)" else ", no maxmemory" end);

def states:
    [["enabled", "disabled", "expired", "not_yet_valid", "invalid"][] as $state
        | $counts.states[$state] | select(. != null)
        | "\(.) \($state | state_words)"] | join(", ");

def change:
    "\(.at | todateiso8601 | when($now) | column(16))"
    + (del(.at) | [.action, .command, .id] as $first
        | ([$first[] | select(. != null)]
            + [to_entries[] | select(.key | IN("action", "command", "id") | not)
                | select(.value | type == "string" and length < 40)
                | "\(.key)=\(.value)"])
        | join(" ") | .[:60]);

if $form == "json" then
    {address: $address, database: $database, user: $user, info: $info,
     keys: $total, looked_at: $counts.looked, states: $counts.states,
     expiring_in_7_days: $counts.soon, changes: $changes,
     workers: (if $workers == "" then null else $workers | tonumber end)}
    | tojson
else
    line("server"; server + " at \($address), database \($database), user \($user)"),
    (if $info.redis_version then
        line("role"; "\($info.role | if . == "slave" then "replica" else "primary" end), "
            + "\($info.connected_slaves // 0 | tonumber | count(.; "replica")) connected"),
        line("memory"; memory),
        line("disk"; if $info.aof_enabled == "1" then "append-only file"
            else "no append-only file: see scoped-key doctor" end)
     else empty end),
    line("workers"; if $workers == "" then "unknown: this user may not use CLIENT LIST"
        else "\($workers) connected and told of changes" end),
    line("keys"; "\($total)"
        + if $counts.looked > 0 then ": \(states)" else "" end
        + if $counts.how == "part" then " (of the first \($counts.looked))" else "" end),
    (if $counts.looked > 0 then
        line("expiring"; "\($counts.soon) within 7 days") else empty end),
    (if $changes != [] then
        line(if $changed_by == "audit" then "changes" else "created" end; "") | rtrimstr(" ")
     else empty end),
    ($changes[] | "  \(change | clean)")
end
