/*
 * Times: see times.h.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "times.h"


#define TIMES_TEXT_BYTES   20            /* 2026-01-01T00:00:00Z */
#define TIMES_ZONE_BYTES    6            /* +01:00 */
#define TIMES_LAST_SECOND  INT64_C(253402300799)


/* n digits; -1: there are others */
static int
times_number(const unsigned char *at, size_t n)
{
    int64_t           number;
    scoped_key_str_t  text = { n, at };

    return scoped_key_decimal_parse(text, &number) ? (int) number : -1;
}


/* Z, or hours and minutes east or west of Greenwich, in seconds */
static bool
times_zone(scoped_key_str_t zone, int64_t *offset)
{
    int  hours, minutes;

    *offset = 0;

    if (zone.len == 1) {
        return zone.data[0] == 'Z' || zone.data[0] == 'z';
    }

    if (zone.len != TIMES_ZONE_BYTES || zone.data[3] != ':'
        || (zone.data[0] != '+' && zone.data[0] != '-'))
    {
        return false;
    }

    hours = times_number(zone.data + 1, 2);
    minutes = times_number(zone.data + 4, 2);

    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
        return false;
    }

    *offset = (hours * 60 + minutes) * 60;
    *offset = zone.data[0] == '-' ? -*offset : *offset;

    return true;
}


static bool
times_is_in_form(scoped_key_str_t text)
{
    return text.len >= TIMES_TEXT_BYTES && text.data[4] == '-'
           && text.data[7] == '-'
           && (text.data[10] == 'T' || text.data[10] == 't')
           && text.data[13] == ':' && text.data[16] == ':';
}


bool
times_parse(scoped_key_str_t text, int64_t *seconds)
{
    int64_t           offset;
    struct tm         given, real;
    scoped_key_str_t  zone;

    if (!times_is_in_form(text)) {
        return false;
    }

    zone.data = text.data + TIMES_TEXT_BYTES - 1;
    zone.len = text.len - (TIMES_TEXT_BYTES - 1);

    memset(&given, 0, sizeof(given));
    given.tm_year = times_number(text.data, 4) - 1900;
    given.tm_mon = times_number(text.data + 5, 2) - 1;
    given.tm_mday = times_number(text.data + 8, 2);
    given.tm_hour = times_number(text.data + 11, 2);
    given.tm_min = times_number(text.data + 14, 2);
    given.tm_sec = times_number(text.data + 17, 2);

    if (given.tm_year < -1900 || !times_zone(zone, &offset)) {
        return false;
    }

    /* no such day, hour or minute: it would be another one */

    real = given;
    *seconds = timegm(&real);

    if (real.tm_mon != given.tm_mon || real.tm_mday != given.tm_mday
        || real.tm_hour != given.tm_hour || real.tm_min != given.tm_min
        || real.tm_sec != given.tm_sec)
    {
        return false;
    }

    *seconds -= offset;

    return *seconds >= 0;
}


scoped_key_str_t
times_rfc3339(scoped_key_str_t digits)
{
    char             *text;
    time_t            time;
    int64_t           seconds;
    struct tm         parts;
    scoped_key_str_t  result = { TIMES_TEXT_BYTES, NULL };

    if (!scoped_key_decimal_parse(digits, &seconds)
        || seconds > TIMES_LAST_SECOND)
    {
        return digits;
    }

    time = (time_t) seconds;
    text = memory_alloc(TIMES_TEXT_BYTES + 1);

    if (gmtime_r(&time, &parts) == NULL
        || strftime(text, TIMES_TEXT_BYTES + 1, "%Y-%m-%dT%H:%M:%SZ", &parts)
           == 0)
    {
        return digits;
    }

    result.data = (const unsigned char *) text;

    return result;
}


scoped_key_str_t
times_digits(int64_t seconds)
{
    char  *digits = memory_alloc(24);

    (void) snprintf(digits, 24, "%" PRId64, seconds);

    return str_static(digits);
}
