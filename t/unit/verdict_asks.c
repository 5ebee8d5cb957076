/* links: core/verdict core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * What a verdict asks of the facts, as its callers may know before: a key that
 * is settled whatever they are, a record that asks for none but the time.
 * The fuzzer of verdicts takes both at their word.
 */

#include "scenario_line.h"
#include "unit.h"


/* with such a text presented; *key: the verdict on the key */
static bool
settled(const char *line, scoped_key_secret_e match, scoped_key_reason_e *key)
{
    scenario_t            s;
    scenario_outcome_t    outcome;
    scoped_key_record_t  *record;

    scenario_init(&s);
    check(scenario_line(&s, scenario_text(line)));
    s.match = match;

    record = scenario_record(&s, NULL, NULL);
    outcome = scenario_decide(&s, record);
    scoped_key_record_unref(record);

    *key = outcome.key;

    return outcome.settled;
}


/* only where no fact is asked for, were it one that is well just now */
static void
test_settled(void)
{
    scoped_key_reason_e  key;

    check(settled("field mode scoped", SCOPED_KEY_SECRET_CURRENT, &key));
    check(key == SCOPED_KEY_REASON_NONE);

    check(!settled("field methods GET", SCOPED_KEY_SECRET_CURRENT, &key));
    check(key == SCOPED_KEY_REASON_NONE);

    check(!settled("field expires_at 2000", SCOPED_KEY_SECRET_CURRENT, &key));
    check(key == SCOPED_KEY_REASON_NONE);

    check(!settled("field enabled 0", SCOPED_KEY_SECRET_CURRENT, &key));
    check(!settled("field mode scoped", SCOPED_KEY_SECRET_WRONG, &key));
    check(!settled("field previous_until 2000", SCOPED_KEY_SECRET_PREVIOUS,
                   &key));
}


static bool
plain(const char *line)
{
    bool                  result;
    scenario_t            s;
    scoped_key_record_t  *record;

    scenario_init(&s);
    check(scenario_line(&s, scenario_text(line)));

    record = scenario_record(&s, NULL, NULL);
    result = scoped_key_record_is_plain(record);
    scoped_key_record_unref(record);

    return result;
}


static void
test_plain(void)
{
    check(plain("member dns:*"));
    check(plain("field previous_until 2000"));
    check(!plain("field expires_at 2000"));
    check(!plain("field ips 192.0.2.0/24"));
    check(!plain("member {\"scope\":\"dns:write\",\"methods\":[\"GET\"]}"));
}


int
main(void)
{
    test_settled();
    test_plain();

    return unit_done("verdict_asks");
}
