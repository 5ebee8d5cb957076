/*
 * Looks for what could be a pair or a member, and does not parse: whatever is
 * no name is passed over.  Invariant: no byte is looked at more often than a
 * few times, for tokens lie side by side.
 */

#include "name_match.h"
#include "query.h"
#include "second_reading.h"


#define SCOPED_KEY_SECOND_NONE     256   /* no byte */

/* what stands for an escape of a control byte, and before the byte of one that
   only some know: neither is part of a name, and none is in a known value */
#define SCOPED_KEY_SECOND_CONTROL  0x01
#define SCOPED_KEY_SECOND_BROKEN   0xff

/* how far the search for members has come */
typedef struct {
    scoped_key_str_t       text;         /* its escapes undone */
    bool                   loose;
    scoped_key_second_pt   found;
    void                  *data;
} scoped_key_second_search_t;

static const scoped_key_str_t  scoped_key_second_bom =
    scoped_key_str("\xEF\xBB\xBF");


static bool
scoped_key_second_is_blank(unsigned char c)
{
    return c <= ' ' || c == 0x7f;
}


/* what a name that is not quoted is made of */
static bool
scoped_key_second_is_word(unsigned char c)
{
    return scoped_key_is_alnum(c) || c >= 0x80
           || (c != '\0' && memchr("_-.$@[]~+%!", c, 11) != NULL);
}


static const unsigned char *
scoped_key_second_find(scoped_key_str_t text, size_t from, int c)
{
    return from < text.len ? memchr(text.data + from, c, text.len - from)
                           : NULL;
}


/* undoes %XX and `+` once; what is no %XX stays as it is */
static size_t
scoped_key_second_decode(scoped_key_str_t text, unsigned char *out)
{
    int     high, low;
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        out[n] = text.data[i] == '+' ? ' ' : text.data[i];

        if (text.data[i] == '%' && text.len - i > 2) {
            high = scoped_key_hex_digit(text.data[i + 1]);
            low = scoped_key_hex_digit(text.data[i + 2]);

            if (high >= 0 && low >= 0) {
                out[n] = (unsigned char) (high << 4 | low);
                i += 2;
            }
        }

        n++;
    }

    return n;
}


/*
 * Of a name no more than matters: one of the separators before it, and not what
 * follows a byte that is in no name of a form.
 */
static scoped_key_str_t
scoped_key_second_trim(scoped_key_str_t name)
{
    size_t  i;

    while (name.len > 1
           && (scoped_key_second_is_blank(name.data[1])
               || memchr(".[]", name.data[1], 3) != NULL)
           && (scoped_key_second_is_blank(name.data[0])
               || memchr(".[]", name.data[0], 3) != NULL))
    {
        name.data++;
        name.len--;
    }

    for (i = 0; i < name.len; i++) {

        if (memchr("\"{}:,<>", name.data[i], 7) != NULL) {
            name.len = i + 1;
        }
    }

    return name;
}


bool
scoped_key_second_form(scoped_key_str_t text, unsigned char *scratch,
    scoped_key_second_pt found, void *data)
{
    scoped_key_str_t      part, value;
    scoped_key_second_t   pair;
    const unsigned char  *equals;

    while (text.len != 0) {
        part = scoped_key_cut_pair(&text);

        if (part.len == 0) {
            continue;
        }

        equals = scoped_key_second_find(part, 0, '=');
        value.data = equals != NULL ? equals + 1 : part.data + part.len;
        value.len = (size_t) (part.data + part.len - value.data);

        if (equals != NULL) {
            part.len = (size_t) (equals - part.data);
        }

        pair.bare = equals == NULL;
        pair.known = true;
        pair.name.data = scratch;
        pair.name.len = scoped_key_second_decode(part, scratch);
        pair.value.data = scratch + pair.name.len;
        pair.value.len = scoped_key_second_decode(value,
                                                  scratch + pair.name.len);
        pair.name.len = scoped_key_query_decode_fully(scratch, pair.name.len);
        pair.name = scoped_key_second_trim(pair.name);

        if (!found(data, &pair)) {
            return false;
        }
    }

    return true;
}


/* the character of \uXXXX in UTF-8, halves of pairs each by itself */
static size_t
scoped_key_second_utf8(uint32_t code, unsigned char *out)
{
    if (code < 0x80) {
        out[0] = (unsigned char) code;
        return 1;
    }

    if (code < 0x800) {
        out[0] = (unsigned char) (0xc0 | code >> 6);
        out[1] = (unsigned char) (0x80 | (code & 0x3f));
        return 2;
    }

    out[0] = (unsigned char) (0xe0 | code >> 12);
    out[1] = (unsigned char) (0x80 | (code >> 6 & 0x3f));
    out[2] = (unsigned char) (0x80 | (code & 0x3f));

    return 3;
}


/* the four digits of \uXXXX; SCOPED_KEY_SECOND_NONE << 16: they are none */
static uint32_t
scoped_key_second_code(scoped_key_str_t text, size_t i)
{
    int       digit;
    size_t    end;
    uint32_t  code;

    if (text.len - i < 6) {
        return SCOPED_KEY_SECOND_NONE << 16;
    }

    code = 0;

    for (end = i + 6, i += 2; i < end; i++) {
        digit = scoped_key_hex_digit(text.data[i]);

        if (digit < 0) {
            return SCOPED_KEY_SECOND_NONE << 16;
        }

        code = code << 4 | (uint32_t) digit;
    }

    return code;
}


/*
 * Undoes the escape at i, and returns how long it is; 0: it is kept.  Quotation
 * marks and what escapes them must go on meaning what they did.
 */
static size_t
scoped_key_second_escape(scoped_key_str_t text, size_t i, unsigned char *out,
    size_t *n)
{
    uint32_t  code;

    if (text.len - i < 2) {
        return 0;
    }

    switch (text.data[i + 1]) {

    case 'u':
        code = scoped_key_second_code(text, i);

        if (code > 0xffff || code == '"' || code == '\\' || code == '\'') {
            return 0;
        }

        *n += scoped_key_second_utf8(code, out + *n);

        return 6;

    case '"':
    case '\'':
    case '\\':
        return 0;

    case '/':
        out[(*n)++] = '/';
        return 2;

    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        out[(*n)++] = SCOPED_KEY_SECOND_CONTROL;
        return 2;

    default:
        out[(*n)++] = SCOPED_KEY_SECOND_BROKEN;
        out[(*n)++] = text.data[i + 1];
        return 2;
    }
}


static size_t
scoped_key_second_unescape(scoped_key_str_t text, unsigned char *out)
{
    size_t  i, n, len;

    n = 0;

    for (i = 0; i < text.len; i += len) {
        len = text.data[i] == '\\'
              ? scoped_key_second_escape(text, i, out, &n) : 0;

        if (len == 0) {
            out[n++] = text.data[i];
            len = 1;

            /* what is escaped begins no escape */

            if (text.data[i] == '\\' && text.len - i > 1) {
                out[n++] = text.data[i + 1];
                len = 2;
            }
        }
    }

    return n;
}


static size_t
scoped_key_second_skip(scoped_key_str_t text, size_t i)
{
    while (i < text.len && scoped_key_second_is_blank(text.data[i])) {
        i++;
    }

    return i;
}


/* the byte there; SCOPED_KEY_SECOND_NONE: the text has ended */
static unsigned
scoped_key_second_at(scoped_key_str_t text, size_t i)
{
    return i < text.len ? text.data[i] : SCOPED_KEY_SECOND_NONE;
}


static bool
scoped_key_second_is_known(scoped_key_str_t value)
{
    size_t  i;

    for (i = 0; i < value.len; i++) {

        if (value.data[i] < ' ' || value.data[i] == '\\'
            || value.data[i] == SCOPED_KEY_SECOND_BROKEN)
        {
            return false;
        }
    }

    return true;
}


/* a string, a number, or a word; else it is not known */
static void
scoped_key_second_value(scoped_key_str_t text, size_t i,
    scoped_key_second_t *member)
{
    size_t                end;
    const unsigned char  *mark;

    i = scoped_key_second_skip(text, i);

    if (scoped_key_second_at(text, i) == '"') {
        mark = scoped_key_second_find(text, i + 1, '"');

        if (mark == NULL) {
            return;
        }

        member->value.data = text.data + i + 1;
        member->value.len = (size_t) (mark - member->value.data);
        member->known = scoped_key_second_is_known(member->value);
        return;
    }

    for (end = i; end < text.len && (scoped_key_is_alnum(text.data[end])
                                     || text.data[end] == '-'); end++)
    {
        /* void */
    }

    member->value.data = text.data + i;
    member->value.len = end - i;
    end = scoped_key_second_skip(text, end);

    member->known = member->value.len != 0
                    && (end == text.len || text.data[end] == ','
                        || text.data[end] == '}');
}


/* whether a name is followed by what makes it one; *i: where its value is */
static bool
scoped_key_second_is_named(const scoped_key_second_search_t *search,
    size_t *i, bool *colon)
{
    unsigned  c;

    *i = scoped_key_second_skip(search->text, *i);
    c = scoped_key_second_at(search->text, *i);
    *colon = c == ':';
    (*i)++;

    return *colon || (search->loose && (c == '=' || c == '/' || c == '#'));
}


/* a name from start to end, without what it is in; i: what is behind that */
static bool
scoped_key_second_member(const scoped_key_second_search_t *search,
    size_t start, size_t end, size_t i, bool quoted)
{
    bool                 colon;
    scoped_key_second_t  member;

    if (!scoped_key_second_is_named(search, &i, &colon)) {
        return true;
    }

    member.name.data = search->text.data + start;
    member.name.len = end - start;
    member.value.data = NULL;
    member.value.len = 0;
    member.known = false;
    member.bare = false;

    if (quoted && colon) {
        scoped_key_second_value(search->text, i, &member);
    }

    return search->found(search->data, &member);
}


/* from a quotation mark to the next: *i becomes where that one is */
static bool
scoped_key_second_quoted(const scoped_key_second_search_t *search, size_t *i)
{
    size_t                start;
    const unsigned char  *mark;

    start = *i + 1;
    mark = scoped_key_second_find(search->text, start, '"');

    if (mark == NULL) {
        *i = search->text.len;
        return true;
    }

    *i = (size_t) (mark - search->text.data);

    return scoped_key_second_member(search, start, *i, *i + 1, true);
}


/* whether the strict reader of forms has read it, as the name of a pair */
static bool
scoped_key_second_is_pair(scoped_key_str_t text, size_t start, size_t end)
{
    return (start == 0 || text.data[start - 1] == '&')
           && scoped_key_second_at(text, end) == '=';
}


/* a word that is a name, in apostrophes or in nothing; *i: past it */
static bool
scoped_key_second_word(const scoped_key_second_search_t *search, size_t *i)
{
    size_t            start, end;
    unsigned          before, behind;
    scoped_key_str_t  text;

    text = search->text;
    start = *i;

    for (end = start; end < text.len
                      && scoped_key_second_is_word(text.data[end]); end++)
    {
        /* void */
    }

    *i = end;
    before = start != 0 ? text.data[start - 1] : SCOPED_KEY_SECOND_NONE;
    behind = scoped_key_second_at(text, end);

    if ((before == '"' && behind == '"')
        || scoped_key_second_is_pair(text, start, end))
    {
        return true;
    }

    if (behind == '"' || behind == '\'') {
        return scoped_key_second_member(search, start, end, end + 1, false);
    }

    return scoped_key_second_member(search, start, end, end, false);
}


/* every word of a text that is no form, and does not begin as one */
static bool
scoped_key_second_words(const scoped_key_second_search_t *search)
{
    size_t  i;

    i = 0;

    while (i < search->text.len) {

        if (!scoped_key_second_is_word(search->text.data[i])) {
            i++;
            continue;
        }

        if (!scoped_key_second_word(search, &i)) {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_second_quotes(const scoped_key_second_search_t *search)
{
    size_t                i;
    const unsigned char  *mark;

    mark = scoped_key_second_find(search->text, 0, '"');
    i = mark != NULL ? (size_t) (mark - search->text.data)
                     : search->text.len;

    while (i < search->text.len) {

        if (!scoped_key_second_quoted(search, &i)) {
            return false;
        }
    }

    return true;
}


static scoped_key_str_t
scoped_key_second_start(scoped_key_str_t text)
{
    size_t  i;

    if (text.len >= scoped_key_second_bom.len
        && memcmp(text.data, scoped_key_second_bom.data,
                  scoped_key_second_bom.len) == 0)
    {
        text.data += scoped_key_second_bom.len;
        text.len -= scoped_key_second_bom.len;
    }

    i = scoped_key_second_skip(text, 0);
    text.data += i;
    text.len -= i;

    return text;
}


bool
scoped_key_second_json(scoped_key_str_t text, unsigned char *scratch,
    scoped_key_second_pt found, void *data)
{
    unsigned                     c;
    scoped_key_second_search_t   search;

    c = scoped_key_second_at(scoped_key_second_start(text), 0);

    search.text.data = scratch;
    search.text.len = scoped_key_second_unescape(text, scratch);
    search.loose = c != SCOPED_KEY_SECOND_NONE
                   && (c == '[' || !scoped_key_second_is_word(
                                       (unsigned char) c));
    search.found = found;
    search.data = data;

    return scoped_key_second_quotes(&search)
           && (!search.loose || scoped_key_second_words(&search));
}


bool
scoped_key_second_begins_json(scoped_key_str_t text)
{
    size_t            i;
    unsigned          c;
    scoped_key_str_t  head, word;

    static const scoped_key_str_t  words[] = {
        scoped_key_str("true"), scoped_key_str("false"),
        scoped_key_str("null"), scoped_key_str("NaN"),
        scoped_key_str("Infinity")
    };

    text = scoped_key_second_start(text);
    c = scoped_key_second_at(text, 0);

    if (c != SCOPED_KEY_SECOND_NONE && c != '\0'
        && memchr("{[\"'/#-0123456789", (int) c, 17) != NULL)
    {
        return true;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        word = words[i];
        head = text;

        if (text.len >= word.len) {
            head.len = word.len;

            if (scoped_key_str_equal(head, word)) {
                return true;
            }
        }
    }

    return false;
}


/* of a word alone nobody trims the end, and free text is full of them */
static bool
scoped_key_second_is_free_text(scoped_key_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {

        if (name.data[i] != '\0' && memchr("\"{}:,<>", name.data[i], 7) != NULL)
        {
            return true;
        }
    }

    return name.len == 0 || name.data[name.len - 1] == ' ';
}


/* a name without what is behind it in brackets, which PHP needs no `=` for */
static scoped_key_str_t
scoped_key_second_unindexed(scoped_key_str_t name)
{
    size_t  i;

    for (i = 1; i < name.len; i++) {

        if (name.data[i] == '[' && name.data[i - 1] != '['
            && !scoped_key_second_is_blank(name.data[i - 1]))
        {
            name.len = i;
            break;
        }
    }

    return name;
}


bool
scoped_key_second_is(const scoped_key_second_t *found, scoped_key_str_t name)
{
    scoped_key_str_t  word;

    if (found->bare) {
        word = scoped_key_second_unindexed(found->name);

        if (scoped_key_second_is_free_text(word)
            || !scoped_key_name_is_just(word, name))
        {
            return false;
        }
    }

    return scoped_key_name_match(found->name, name, SCOPED_KEY_NAME_MEMBER)
           != SCOPED_KEY_NAME_OTHER;
}


static bool
scoped_key_second_is_name(scoped_key_str_t token)
{
    size_t  i;

    if ((token.len == 1 && token.data[0] == '*')
        || (token.len == 2 && memcmp(token.data, "[]", 2) == 0))
    {
        return false;
    }

    for (i = 0; i < token.len; i++) {

        if (token.data[i] < '0' || token.data[i] > '9') {
            return true;
        }
    }

    return token.len == 0;
}


bool
scoped_key_second_pointer(scoped_key_str_t pointer, scoped_key_str_t *token)
{
    size_t  end;

    for (end = pointer.len; end != 0; end = (size_t) (token->data
                                                      - pointer.data) - 1)
    {
        token->data = pointer.data + end;
        token->len = 0;

        while (token->data != pointer.data && token->data[-1] != '/') {
            token->data--;
            token->len++;
        }

        if (token->data == pointer.data) {
            return false;
        }

        if (scoped_key_second_is_name(*token)) {
            return true;
        }
    }

    return false;
}
