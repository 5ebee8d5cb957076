/* links: core/verdict core/record core/record_fields core/grant core/conditions core/pack core/json core/name_match core/name_table core/address core/pattern core/scope core/digest core/str -ljansson -lsodium */

/*
 * Every case of t/data/verdict, and what cases cannot say: that what is told
 * of the grant lies in the record, where a scope is too long, and that reasons
 * have names.  Needs no clock and no Redis.
 */

#include "scenario_line.h"
#include "unit.h"

#include <dirent.h>


#define MAX_FILE_BYTES  65536


/* a case, and what is expected of it */
typedef struct {
    scenario_t         scenario;
    const char        *file;
    int                line;             /* of `case` */
    bool               open;             /* there has been a `case` */
    scoped_key_str_t   expect;
    scoped_key_str_t   grant;
    bool               grant_given;
    scoped_key_str_t   fixed;
    int64_t            reports;          /* -1: any number */
    int64_t            missing;          /* clause from 1; 0: none; -1: any */
} expectation_t;

static unsigned  cases;
static unsigned  reports;


static void
report(void *data, const char *field, scoped_key_str_t value)
{
    (void) data;
    (void) field;
    (void) value;

    reports++;
}


static const char *
outcome_name(const scenario_outcome_t *outcome)
{
    switch (outcome->verdict) {

    case SCOPED_KEY_ALLOWED:
        return "allowed";

    case SCOPED_KEY_NEEDS_BODY:
        return "needs_body";

    case SCOPED_KEY_UNDECIDED:
        return "undecided";

    default:
        return scoped_key_reason_name(outcome->decision.reason);
    }
}


static bool
missing_is(const expectation_t *e, const scenario_outcome_t *outcome)
{
    const scoped_key_clause_t  *clause;

    if (e->missing < 0) {
        return true;
    }

    clause = e->missing == 0 ? NULL : &e->scenario.clause[e->missing - 1];

    return outcome->decision.failed_clause == clause;
}


static void
case_compare(const expectation_t *e, const scenario_outcome_t *outcome)
{
    const char        *got;
    scoped_key_str_t   grant;

    got = outcome_name(outcome);
    grant = outcome->decision.grant;

    if (!unit_check(scenario_is(e->expect, got), "the expected outcome",
                    e->file, e->line))
    {
        fprintf(stderr, "    got %s\n", got);
    }

    if (!unit_check(!e->grant_given || scoped_key_str_equal(grant, e->grant),
                    "the expected grant", e->file, e->line))
    {
        fprintf(stderr, "    got \"%.*s\"\n", (int) grant.len, grant.data);
    }

    unit_check(e->fixed.len == 0
               || outcome->decision.cacheable == scenario_is(e->fixed, "yes"),
               "as fixed as expected", e->file, e->line);
    unit_check(e->reports < 0 || reports == e->reports,
               "as many reports as expected", e->file, e->line);
    unit_check(missing_is(e, outcome), "the expected clause", e->file,
               e->line);
}


static void
case_end(expectation_t *e)
{
    scenario_outcome_t    outcome;
    scoped_key_record_t  *record;

    if (!e->open) {
        return;
    }

    cases++;
    reports = 0;
    record = scenario_record(&e->scenario, report, NULL);

    if (!check(record != NULL)) {
        return;
    }

    outcome = scenario_decide(&e->scenario, record);
    case_compare(e, &outcome);
    scoped_key_record_unref(record);
}


static void
case_begin(expectation_t *e, const char *file, int line)
{
    memset(e, 0, sizeof(*e));
    scenario_init(&e->scenario);

    e->file = file;
    e->line = line;
    e->open = true;
    e->reports = -1;
    e->missing = -1;
}


static bool
case_line(expectation_t *e, scoped_key_str_t line)
{
    scoped_key_str_t  rest, word;

    rest = line;
    word = scenario_word(&rest);

    if (scenario_is(word, "expect")) {
        e->expect = scenario_word(&rest);
        e->grant = scenario_is(rest, "\"\"") ? scenario_text("") : rest;
        e->grant_given = rest.len != 0;

    } else if (scenario_is(word, "fixed")) {
        e->fixed = rest;

    } else if (scenario_is(word, "reports")) {
        return scoped_key_decimal_parse(rest, &e->reports);

    } else if (scenario_is(word, "missing")) {
        return scoped_key_decimal_parse(rest, &e->missing)
               && e->missing <= SCENARIO_MAX_CLAUSES;

    } else {
        return scenario_line(&e->scenario, line);
    }

    return true;
}


static void
cases_run(char *text, const char *file)
{
    int               n;
    char             *line, *next;
    expectation_t     e;
    scoped_key_str_t  s;

    memset(&e, 0, sizeof(e));
    n = 0;

    for (line = text; *line != '\0'; line = next) {
        n++;
        next = line + strcspn(line, "\n");
        s.data = (unsigned char *) line;
        s.len = next - line;
        next += *next != '\0';

        if (s.len == 0 || line[0] == '#') {
            continue;
        }

        if (strncmp(line, "case ", 5) == 0) {
            case_end(&e);
            case_begin(&e, file, n);
            continue;
        }

        unit_check(e.open && case_line(&e, s), "a line of a case", file, n);
    }

    case_end(&e);
}


static void
file_run(const char *name)
{
    char     path[512];
    FILE    *file;
    char    *text;
    size_t   len;

    snprintf(path, sizeof(path), "t/data/verdict/%s", name);

    text = malloc(MAX_FILE_BYTES);
    file = fopen(path, "r");

    if (text == NULL || !check(file != NULL)) {
        abort();
    }

    len = fread(text, 1, MAX_FILE_BYTES, file);
    check(len < MAX_FILE_BYTES);
    text[len < MAX_FILE_BYTES ? len : 0] = '\0';
    fclose(file);

    cases_run(text, path);
    free(text);
}


static void
test_cases(void)
{
    DIR            *directory;
    struct dirent  *entry;

    directory = opendir("t/data/verdict");

    if (!check(directory != NULL)) {
        return;
    }

    while ((entry = readdir(directory)) != NULL) {
        if (strstr(entry->d_name, ".cases") != NULL) {
            file_run(entry->d_name);
        }
    }

    closedir(directory);
    check(cases > 100);
}


/* the grant that is told lies in the record, not in what it was built from */
static void
test_grant_lies_in_record(void)
{
    char                  member[] = "dns:*";
    scenario_t            s;
    scenario_outcome_t    outcome;
    scoped_key_record_t  *record;

    scenario_init(&s);
    scenario_line(&s, scenario_text("require dns:write"));
    s.member[s.nmembers++] = scenario_text(member);

    record = scenario_record(&s, NULL, NULL);
    memset(member, 'x', sizeof(member) - 1);
    outcome = scenario_decide(&s, record);

    check(outcome.verdict == SCOPED_KEY_ALLOWED);
    check(scenario_is(outcome.decision.grant, "dns:*"));
    check(outcome.decision.grant.data != (unsigned char *) member);

    scoped_key_record_unref(record);
}


/* a required scope that is too long can be granted by nothing, as an empty */
static void
test_long_scope(void)
{
    char                  text[512];
    scenario_t            s;
    scoped_key_record_t  *record;

    memset(text, 'a', sizeof(text));
    memcpy(text + 254, ":w", 2);

    scenario_init(&s);
    s.required.n = 1;
    s.clause[0].scopes = s.scope[0];
    s.clause[0].n = 1;
    s.scope[0][0].data = (unsigned char *) text;
    s.member[s.nmembers++] = scenario_text("**:*");
    record = scenario_record(&s, NULL, NULL);

    s.scope[0][0].len = 256;
    check(scenario_decide(&s, record).verdict == SCOPED_KEY_REFUSED);

    memcpy(text + 253, ":w", 2);
    s.scope[0][0].len = 255;
    check(scenario_decide(&s, record).verdict == SCOPED_KEY_ALLOWED);

    scoped_key_record_unref(record);
}


/* len bytes of the same item again and again, as many as fit */
static scoped_key_str_t
worst_list(char *out, size_t len, const char *item)
{
    size_t            n;
    scoped_key_str_t  list = { 0, (unsigned char *) out };

    n = strlen(item);

    while (list.len + n + 1 <= len) {
        memcpy(out + list.len, item, n);
        out[list.len + n] = ',';
        list.len += n + 1;
    }

    list.len -= list.len != 0;

    return list;
}


/*
 * The worst hosts that a record can have, and the worst host of a request: what
 * it takes is limited, and where that is too little it is refused.  *left: the
 * steps that were left.
 */
static scoped_key_reason_e
worst_hosts(const char *pattern, size_t len, size_t host, size_t *left)
{
    scenario_t            s;
    scoped_key_reason_e   reason;
    scoped_key_record_t  *record;
    static char           list[SCOPED_KEY_RECORD_MAX_BYTES];
    static unsigned char  name[8192];

    memset(name, 'a', sizeof(name));

    scenario_init(&s);
    s.field[0] = scenario_text("hosts");
    s.field[1] = worst_list(list, len, pattern);
    s.nfields = 1;
    s.facts.host.data = name;
    s.facts.host.len = host;

    record = scenario_record(&s, NULL, NULL);
    check(scoped_key_record_is_valid(record));

    *left = SCOPED_KEY_MATCH_MAX_STEPS;
    reason = scoped_key_verdict_key(record, s.match, &s.facts, left);
    scoped_key_record_unref(record);

    return reason;
}


static void
test_worst_hosts(void)
{
    size_t  i, left;

    static const char *const  patterns[] = {
        "*b*", "*a1234*", "**a*b**", "a*a*b", "*a*a*a*a*a*a*b*", "b.example.com"
    };

    for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {

        /* as long as a name may be */
        check(worst_hosts(patterns[i], 65000, 253, &left)
              == SCOPED_KEY_HOST_REFUSED);

        /* what is longer is not looked at */
        check(worst_hosts(patterns[i], 65000, 7500, &left)
              == SCOPED_KEY_HOST_REFUSED);
        check(left > SCOPED_KEY_MATCH_MAX_STEPS / 2);

        /* as long as names are: within the limit */
        check(worst_hosts(patterns[i], 65000, 40, &left)
              == SCOPED_KEY_HOST_REFUSED);
        check(left != 0);
    }

    /* 5,000 of them, and the longest name: within the limit */
    check(worst_hosts("*a1234*", 40000, 253, &left)
          == SCOPED_KEY_HOST_REFUSED);
    check(left != 0);
}


static size_t  nasked;


/* of each param there is nothing */
static scoped_key_param_e
count_asked(void *data, scoped_key_str_t name,
    const scoped_key_str_t **values, size_t *n)
{
    (void) data;
    (void) name;

    *values = NULL;
    *n = 0;
    nasked++;

    return SCOPED_KEY_PARAM_VALUES;
}


/* a value is not looked at to its end, and neither allows nor is accepted */
static void
test_worst_params(void)
{
    size_t                 left;
    scenario_t             s;
    scoped_key_decision_t  decision;
    scoped_key_record_t   *record;
    static char            value[65536];
    static char            member[] =
        "{\"scope\":\"a:b\",\"params\":{\"x\":"
        "[\"**\",\"!*a*b*\",\"!**c**d**\",\"!*e*\",\"!*f*\",\"!*g*\","
        "\"!*h*\",\"!*i*\",\"!*j*\",\"!*k*\",\"!*l*\",\"!*m*\","
        "\"!*n*\",\"!*o*\",\"!*p*\",\"!*q*\",\"!*r*\",\"!*s*\","
        "\"!*t*\",\"!*u*\",\"!*v*\",\"!*w*\",\"!*x*\",\"!*y*\"]}}";

    memset(value, '-', sizeof(value));

    scenario_init(&s);
    scenario_line(&s, scenario_text("require a:b"));
    s.member[s.nmembers++] = scenario_text(member);
    s.param[0].name = scenario_text("x");
    s.param[0].value[0].data = (unsigned char *) value;
    s.nparams = 1;

    for (s.param[0].n = 1; s.param[0].n <= 2; s.param[0].n++) {
        s.param[0].value[0].len = sizeof(value);
        s.param[0].value[1] = s.param[0].value[0];

        record = scenario_record(&s, NULL, NULL);
        s.nfields = 0;
        left = SCOPED_KEY_MATCH_MAX_STEPS;

        /* one of them is done; what is left does not suffice for another */
        check(scoped_key_verdict_scopes(record, &s.required, &s.facts, &left,
                                        &decision)
              == (s.param[0].n == 1 ? SCOPED_KEY_ALLOWED
                                    : SCOPED_KEY_REFUSED));
        check((left == 0) == (s.param[0].n == 2));
        check(scenario_is(decision.param, s.param[0].n == 1 ? "" : "x"));
        scoped_key_record_unref(record);
    }

    check(decision.reason == SCOPED_KEY_PARAM_REFUSED);
}


/* grants that ask for many params, and let nothing be among their values */
static void
test_worst_asks(void)
{
    char                   member[1024];
    int                    n;
    size_t                 i, left;
    scenario_t             s;
    scoped_key_decision_t  decision;
    scoped_key_record_t   *record;

    scenario_init(&s);
    scenario_line(&s, scenario_text("require a:b c:d a:b/c:d a:b c:d a:b"));
    n = snprintf(member, sizeof(member), "{\"scope\":\"*:*\",\"params\":{");

    for (i = 0; i < 63; i++) {
        n += snprintf(member + n, sizeof(member) - (size_t) n,
                      "\"p%zu\":[],", i);
    }

    snprintf(member + n, sizeof(member) - (size_t) n, "\"x\":[\"z\"]}}");

    for (i = 0; i < SCENARIO_MAX_MEMBERS - 1; i++) {
        s.member[s.nmembers++] = scenario_text(member);
    }

    record = scenario_record(&s, NULL, NULL);
    left = SCOPED_KEY_MATCH_MAX_STEPS;
    nasked = 0;
    s.facts.param = count_asked;

    check(scoped_key_verdict_scopes(record, &s.required, &s.facts, &left,
                                    &decision)
          == SCOPED_KEY_REFUSED);
    check(nasked != 0);
    check(nasked * 48 <= SCOPED_KEY_MATCH_MAX_STEPS - left);

    left = 1000;
    nasked = 0;
    check(scoped_key_verdict_scopes(record, &s.required, &s.facts, &left,
                                    &decision)
          == SCOPED_KEY_REFUSED);
    check(left == 0 && nasked <= 1000 / 48);

    scoped_key_record_unref(record);
}


/*
 * Steps that do not suffice for the scopes themselves: neither is a grant found
 * nor is a refusal left out, for global keys too.
 */
static void
test_no_steps(void)
{
    size_t                 i, left, needed;
    scenario_t             s;
    scoped_key_str_t       scope;
    scoped_key_decision_t  decision;
    scoped_key_clause_t    clause;
    scoped_key_record_t   *record;
    scoped_key_required_t  required;

    static const char *const  modes[] = { "scoped", "global" };

    for (i = 0; i < 2; i++) {
        scenario_init(&s);
        scenario_line(&s, scenario_text("require dns:write dns:read"));
        s.member[s.nmembers++] = scenario_text("dns:*");
        s.member[s.nmembers++] = scenario_text("!dns:write");
        s.field[0] = scenario_text("mode");
        s.field[1] = scenario_text(modes[i]);
        s.nfields = 1;
        record = scenario_record(&s, NULL, NULL);

        left = SCOPED_KEY_MATCH_MAX_STEPS;
        check(scoped_key_verdict_scopes(record, &s.required, &s.facts, &left,
                                        &decision)
              == SCOPED_KEY_ALLOWED);
        needed = SCOPED_KEY_MATCH_MAX_STEPS - left;

        while (needed != 0) {
            left = needed--;
            check(scoped_key_verdict_scopes(record, &s.required, &s.facts,
                                            &left, &decision)
                  == SCOPED_KEY_REFUSED);
            check(left == 0 && !decision.cacheable);
        }

        /* not even of a scope that nothing can be about */
        scope.len = 0;
        scope.data = NULL;
        clause.scopes = &scope;
        clause.n = 1;
        required.clauses = &clause;
        required.n = 1;
        required.any_key = false;
        left = 0;
        check(scoped_key_verdict_scopes(record, &required, &s.facts, &left,
                                        &decision)
              == SCOPED_KEY_REFUSED);
        check(!decision.cacheable);

        scoped_key_record_unref(record);
    }
}


static void
test_reasons(void)
{
    int          reason;
    const char  *name, *detail;

    check(strcmp(scoped_key_reason_name(SCOPED_KEY_REASON_NONE), "") == 0);
    check(strcmp(scoped_key_reason_name((scoped_key_reason_e) 99), "") == 0);

    for (reason = SCOPED_KEY_MISSING_KEY;
         reason <= SCOPED_KEY_STORE_UNAVAILABLE;
         reason++)
    {
        name = scoped_key_reason_name((scoped_key_reason_e) reason);
        detail = scoped_key_reason_detail((scoped_key_reason_e) reason);

        check(strlen(name) > 5);
        check(strspn(name, "abcdefghijklmnopqrstuvwxyz_") == strlen(name));
        check(strlen(detail) > 10 && detail[strlen(detail) - 1] == '.');
        check(strpbrk(detail, "\"\\") == NULL);
    }
}


int
main(void)
{
    test_cases();
    test_grant_lies_in_record();
    test_long_scope();
    test_worst_hosts();
    test_worst_params();
    test_worst_asks();
    test_no_steps();
    test_reasons();

    return unit_done("verdict");
}
