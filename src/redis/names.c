/*
 * hosts(5) and resolv.conf(5): lines of words between blanks.
 * Invariant: what cannot be read is left out, as libc does.
 */

#include <string.h>

#include <arpa/inet.h>

#include "names.h"


typedef struct {
    const unsigned char  *pos;
    const unsigned char  *end;
} scoped_key_redis_names_text_t;

typedef scoped_key_redis_domain_t  scoped_key_redis_names_word_t;


/* NULL may stand for nothing */
static void
scoped_key_redis_names_text(scoped_key_redis_names_text_t *text,
    const unsigned char *data, size_t len)
{
    text->pos = data;
    text->end = len > 0 ? data + len : data;
}


/* the next line, and 1; 0: there is none */
static int
scoped_key_redis_names_line(scoped_key_redis_names_text_t *text,
    scoped_key_redis_names_text_t *line)
{
    const unsigned char  *end;

    if (text->pos == text->end) {
        return 0;
    }

    end = memchr(text->pos, '\n', text->end - text->pos);
    if (end == NULL) {
        end = text->end;
    }

    line->pos = text->pos;
    line->end = end;

    text->pos = end == text->end ? end : end + 1;

    return 1;
}


static int
scoped_key_redis_names_is_blank(unsigned char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\f' || ch == '\v';
}


/* the next word of a line up to a comment, and 1; 0: there is none */
static int
scoped_key_redis_names_word(scoped_key_redis_names_text_t *line,
    scoped_key_redis_names_word_t *word)
{
    while (line->pos < line->end
           && scoped_key_redis_names_is_blank(*line->pos))
    {
        line->pos++;
    }

    word->data = line->pos;

    while (line->pos < line->end && *line->pos != '#'
           && !scoped_key_redis_names_is_blank(*line->pos))
    {
        line->pos++;
    }

    word->len = line->pos - word->data;

    return word->len > 0;
}


static int
scoped_key_redis_names_lower(unsigned char ch)
{
    return ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch;
}


static int
scoped_key_redis_names_equal(const scoped_key_redis_names_word_t *word,
    const unsigned char *name, size_t len)
{
    size_t  i;

    if (word->len != len) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (scoped_key_redis_names_lower(word->data[i])
            != scoped_key_redis_names_lower(name[i]))
        {
            return 0;
        }
    }

    return 1;
}


static int
scoped_key_redis_names_is(const scoped_key_redis_names_word_t *word,
    const char *text)
{
    return word->len == strlen(text)
           && memcmp(word->data, text, word->len) == 0;
}


static int
scoped_key_redis_names_ip(const scoped_key_redis_names_word_t *word,
    scoped_key_redis_ip_t *ip)
{
    char  text[INET6_ADDRSTRLEN];

    if (word->len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, word->data, word->len);
    text[word->len] = '\0';

    memset(ip, 0, sizeof(scoped_key_redis_ip_t));

    if (inet_pton(AF_INET, text, ip->bytes) == 1) {
        return 1;
    }

    ip->v6 = 1;

    return inet_pton(AF_INET6, text, ip->bytes) == 1;
}


static int
scoped_key_redis_names_has(const scoped_key_redis_ip_t *ips, size_t n,
    const scoped_key_redis_ip_t *ip)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (ips[i].v6 == ip->v6 && memcmp(ips[i].bytes, ip->bytes, 16) == 0) {
            return 1;
        }
    }

    return 0;
}


/* a line names it behind its address */
static int
scoped_key_redis_names_line_has(scoped_key_redis_names_text_t *line,
    const unsigned char *name, size_t len)
{
    scoped_key_redis_names_word_t  word;

    while (scoped_key_redis_names_word(line, &word)) {
        if (scoped_key_redis_names_equal(&word, name, len)) {
            return 1;
        }
    }

    return 0;
}


size_t
scoped_key_redis_hosts_find(const unsigned char *text, size_t len,
    const unsigned char *name, size_t name_len, scoped_key_redis_ip_t *ips,
    size_t max)
{
    size_t                         n;
    scoped_key_redis_ip_t          ip;
    scoped_key_redis_names_text_t  all, line;
    scoped_key_redis_names_word_t  word;

    scoped_key_redis_names_text(&all, text, len);
    n = 0;

    if (name_len > 0 && name[name_len - 1] == '.') {
        name_len--;
    }

    while (n < max && scoped_key_redis_names_line(&all, &line)) {
        if (scoped_key_redis_names_word(&line, &word)
            && scoped_key_redis_names_line_has(&line, name, name_len)
            && scoped_key_redis_names_ip(&word, &ip)
            && !scoped_key_redis_names_has(ips, n, &ip))
        {
            ips[n++] = ip;
        }
    }

    return n;
}


/* the last `search` or `domain` counts */
static void
scoped_key_redis_names_search(scoped_key_redis_resolv_conf_t *conf,
    scoped_key_redis_names_text_t *line)
{
    scoped_key_redis_names_word_t  word;

    conf->nsearch = 0;

    while (conf->nsearch < SCOPED_KEY_REDIS_MAX_SEARCH
           && scoped_key_redis_names_word(line, &word))
    {
        while (word.len > 0 && word.data[word.len - 1] == '.') {
            word.len--;
        }

        if (word.len > 0) {
            conf->search[conf->nsearch++] = word;
        }
    }
}


static void
scoped_key_redis_names_options(scoped_key_redis_resolv_conf_t *conf,
    scoped_key_redis_names_text_t *line)
{
    size_t                         i, n;
    scoped_key_redis_names_word_t  word;

    while (scoped_key_redis_names_word(line, &word)) {
        if (word.len < 7 || memcmp(word.data, "ndots:", 6) != 0) {
            continue;
        }

        n = 0;

        for (i = 6; i < word.len && n <= SCOPED_KEY_REDIS_MAX_NDOTS
                    && word.data[i] >= '0' && word.data[i] <= '9'; i++)
        {
            n = n * 10 + word.data[i] - '0';
        }

        conf->ndots = n < SCOPED_KEY_REDIS_MAX_NDOTS
                      ? n : SCOPED_KEY_REDIS_MAX_NDOTS;
    }
}


static void
scoped_key_redis_names_server(scoped_key_redis_resolv_conf_t *conf,
    scoped_key_redis_names_text_t *line)
{
    scoped_key_redis_names_word_t  word;

    if (conf->nservers < SCOPED_KEY_REDIS_MAX_NAMESERVERS
        && scoped_key_redis_names_word(line, &word)
        && scoped_key_redis_names_ip(&word, &conf->servers[conf->nservers]))
    {
        conf->nservers++;
    }
}


void
scoped_key_redis_resolv_conf_read(const unsigned char *text, size_t len,
    scoped_key_redis_resolv_conf_t *conf)
{
    scoped_key_redis_names_text_t  all, line;
    scoped_key_redis_names_word_t  word;

    scoped_key_redis_names_text(&all, text, len);

    conf->nservers = 0;
    conf->nsearch = 0;
    conf->ndots = 1;

    while (scoped_key_redis_names_line(&all, &line)) {

        /* a comment only where it begins the line; no word begins so */
        if (!scoped_key_redis_names_word(&line, &word) || *word.data == ';') {
            continue;
        }

        if (scoped_key_redis_names_is(&word, "nameserver")) {
            scoped_key_redis_names_server(conf, &line);

        } else if (scoped_key_redis_names_is(&word, "search")
                   || scoped_key_redis_names_is(&word, "domain"))
        {
            scoped_key_redis_names_search(conf, &line);

        } else if (scoped_key_redis_names_is(&word, "options")) {
            scoped_key_redis_names_options(conf, &line);
        }
    }
}
