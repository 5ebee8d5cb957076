/* links: redis/log_limit */

/*
 * Which lines are written of failures that come and go, and how many were not.
 */

#include "redis/log_limit.h"
#include "unit.h"


#define SECOND       1000ul
#define MINUTE      60000ul
#define HOUR      3600000ul

static scoped_key_redis_log_limit_t  limit;


static void
begin(void)
{
    memset(&limit, 0, sizeof(limit));
}


/* "-": nothing is logged */
static const char *
at(unsigned long now, uint32_t reason)
{
    const char  *note;

    note = scoped_key_redis_log_allow(&limit, reason, now);

    return note != NULL ? note : "-";
}


static int
is(const char *said, const char *wanted)
{
    return strcmp(said, wanted) == 0;
}


static void
the_first_is_logged_at_once(void)
{
    begin();

    check(is(at(0, 0), ""));
    check(is(at(0, 0), "-"));
    check(is(at(SECOND - 1, 0), "-"));
    check(is(at(SECOND, 0), ", 2 more not logged"));
}


static void
reasons_are_apart(void)
{
    begin();

    check(is(at(5, 1), ""));
    check(is(at(5, 2), ""));
    check(is(at(6, 1), "-"));
    check(is(at(6, 3), ", 1 more not logged"));
    check(is(at(7, 2), "-"));
}


static void
more_reasons_than_slots_share_them(void)
{
    uint32_t  i, said;

    begin();
    said = 0;

    for (i = 0; i < 1000; i++) {
        said += scoped_key_redis_log_allow(&limit, i, 10) != NULL;
    }

    check(said == SCOPED_KEY_REDIS_MAX_LOG_REASONS);
    check(is(at(10 + SECOND, 5000), ", 992 more not logged"));
}


/* lines of so many ms in which something fails each ms, for a new reason each
   time where `step` is 1 */
static int
flood(unsigned long from, unsigned long ms, uint32_t step)
{
    int            said;
    unsigned long  i;

    said = 0;

    for (i = 0; i < ms; i++) {
        said += scoped_key_redis_log_allow(&limit, i * step, from + i)
                != NULL;
    }

    return said;
}


static void
a_flood_is_logged_ever_more_rarely(void)
{
    begin();

    /* at 0, 1, 3, 7, 15, 31, 63 seconds, then once a minute */
    check(flood(0, MINUTE, 0) == 6);
    check(flood(MINUTE, HOUR, 0) == 60);
}


static void
a_flood_of_new_reasons_too(void)
{
    begin();

    check(flood(0, HOUR, 1) <= 8 * (6 + 60));
}


static void
after_a_calm_it_begins_anew(void)
{
    begin();

    flood(0, MINUTE, 0);

    check(is(at(HOUR, 0), ", 28999 more not logged"));
    check(is(at(HOUR + SECOND - 1, 0), "-"));
    check(is(at(HOUR + SECOND, 0), ", 1 more not logged"));
}


static void
what_comes_more_rarely_is_all_logged(void)
{
    int            said;
    unsigned long  i;

    begin();
    said = 0;

    for (i = 0; i < 100; i++) {
        said += *at(i * (SECOND + 500), 7) == '\0';
    }

    check(said == 100);
}


static void
time_may_wrap(void)
{
    begin();

    check(is(at(-10ul, 1), ""));
    check(is(at(5, 1), "-"));
    check(is(at(SECOND - 10, 1), ", 1 more not logged"));
}


static void
a_count_has_its_end(void)
{
    begin();

    check(is(at(0, 1), ""));
    limit.left_out = UINT32_MAX;
    check(is(at(1, 1), "-"));
    check(is(at(SECOND, 1), ", 4294967295 more not logged"));
}


static uint32_t
reason(const char *text)
{
    return scoped_key_redis_log_reason(text, strlen(text));
}


static void
a_reason_is_the_first_word(void)
{
    check(reason("MOVED 1 a:1") == reason("MOVED 16383 b:2"));
    check(reason("MOVED 1 a:1") == reason("MOVED"));
    check(reason("MOVED") != reason("MOVE"));
    check(reason("OOM command") != reason("NOPERM command"));
    check(reason("") == reason(" x"));
    check(scoped_key_redis_log_reason("OOMx", 3) == reason("OOM"));
}


int
main(void)
{
    the_first_is_logged_at_once();
    reasons_are_apart();
    more_reasons_than_slots_share_them();
    a_flood_is_logged_ever_more_rarely();
    a_flood_of_new_reasons_too();
    after_a_calm_it_begins_anew();
    what_comes_more_rarely_is_all_logged();
    time_may_wrap();
    a_count_has_its_end();
    a_reason_is_the_first_word();

    return unit_done("log_limit");
}
