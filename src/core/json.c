/*
 * Untrusted JSON by way of jansson: see json.h.  No other file knows which
 * library this is.  jansson recurses on depth, up to 2,048 levels: so depth is
 * counted beforehand, in one pass.
 * Invariant: no name holds a NUL, which jansson refuses there always; without
 * JSON_ALLOW_NUL no string does.
 */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"


/* how far a pass over the text has come */
typedef struct {
    scoped_key_str_t  text;
    unsigned char    *copy;              /* NULL: nothing was replaced yet */
    size_t            depth;
    bool              in_string;
    bool              escaped;
} scoped_key_json_scan_t;

/* a number of JSON's grammar */
typedef struct {
    size_t  digits;                      /* of its integer part */
    bool    is_integer;
} scoped_key_json_number_t;


/* that many digits fit an int64_t, whatever they are */
#define SCOPED_KEY_JSON_SAFE_DIGITS  18

static const scoped_key_str_t  scoped_key_json_bom =
    scoped_key_str("\xEF\xBB\xBF");

/* as short as a number with a fraction or an exponent can be */
static const scoped_key_str_t  scoped_key_json_real = scoped_key_str("0.0");


static json_t *
scoped_key_json_value(const scoped_key_json_t *value)
{
    /* jansson counts references in what it calls const: see its API */
    return (json_t *) value;
}


static void
scoped_key_json_scan_string(scoped_key_json_scan_t *scan, unsigned char c)
{
    if (scan->escaped) {
        scan->escaped = false;

    } else if (c == '\\') {
        scan->escaped = true;

    } else if (c == '"') {
        scan->in_string = false;
    }
}


static void
scoped_key_json_scan_outside(scoped_key_json_scan_t *scan, unsigned char c)
{
    switch (c) {

    case '"':
        scan->in_string = true;
        break;

    case '[':
    case '{':
        scan->depth++;
        break;

    case ']':
    case '}':
        /* too many of them are jansson's to refuse */
        if (scan->depth > 0) {
            scan->depth--;
        }

        break;
    }
}


static bool
scoped_key_json_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}


/* what a number is made of, and some that are none */
static bool
scoped_key_json_in_number(unsigned char c)
{
    return scoped_key_json_is_digit(c) || c == '-' || c == '+' || c == '.'
           || c == 'e' || c == 'E';
}


/* takes digits off the front; how many */
static size_t
scoped_key_json_digits(scoped_key_str_t *rest)
{
    size_t  n;

    for (n = 0; n < rest->len && scoped_key_json_is_digit(rest->data[n]);
         n++)
    {
        /* void */
    }

    rest->data += n;
    rest->len -= n;

    return n;
}


/* takes one of two bytes off the front */
static bool
scoped_key_json_either(scoped_key_str_t *rest, unsigned char a,
    unsigned char b)
{
    if (rest->len == 0 || (rest->data[0] != a && rest->data[0] != b)) {
        return false;
    }

    rest->data++;
    rest->len--;

    return true;
}


/* RFC 8259, section 6; false: no number */
static bool
scoped_key_json_number(scoped_key_str_t text, scoped_key_json_number_t *number)
{
    bool  zero;

    (void) scoped_key_json_either(&text, '-', '-');

    zero = text.len != 0 && text.data[0] == '0';
    number->digits = scoped_key_json_digits(&text);
    number->is_integer = true;

    if (number->digits == 0 || (zero && number->digits != 1)) {
        return false;
    }

    if (scoped_key_json_either(&text, '.', '.')) {
        number->is_integer = false;

        if (scoped_key_json_digits(&text) == 0) {
            return false;
        }
    }

    if (scoped_key_json_either(&text, 'e', 'E')) {
        number->is_integer = false;
        (void) scoped_key_json_either(&text, '+', '-');

        if (scoped_key_json_digits(&text) == 0) {
            return false;
        }
    }

    return text.len == 0;
}


/* whether an integer fits 64 bits with a sign */
static bool
scoped_key_json_fits(scoped_key_str_t text, size_t ndigits)
{
    scoped_key_str_t  digits;

    static const scoped_key_str_t  most = scoped_key_str("9223372036854775807");
    static const scoped_key_str_t  least =
        scoped_key_str("9223372036854775808");

    if (ndigits <= SCOPED_KEY_JSON_SAFE_DIGITS) {
        return true;
    }

    digits.len = ndigits;
    digits.data = text.data + text.len - ndigits;

    return ndigits == most.len
           && memcmp(digits.data, text.len > ndigits ? least.data : most.data,
                     most.len) <= 0;
}


/*
 * jansson reads no number that it cannot hold.  Nobody asks which it was: in
 * its place comes another that is no integer.  False: out of memory.
 */
static bool
scoped_key_json_replace(scoped_key_json_scan_t *scan, size_t at, size_t len)
{
    if (scan->copy == NULL) {
        scan->copy = malloc(scan->text.len);

        if (scan->copy == NULL) {
            return false;
        }

        memcpy(scan->copy, scan->text.data, scan->text.len);
    }

    memcpy(scan->copy + at, scoped_key_json_real.data,
           scoped_key_json_real.len);
    memset(scan->copy + at + scoped_key_json_real.len, ' ',
           len - scoped_key_json_real.len);

    return true;
}


/* takes what may be a number; false: out of memory */
static bool
scoped_key_json_scan_number(scoped_key_json_scan_t *scan, size_t *at)
{
    size_t                     end;
    scoped_key_str_t           text;
    scoped_key_json_number_t   number;

    for (end = *at; end < scan->text.len
                    && scoped_key_json_in_number(scan->text.data[end]);
         end++)
    {
        /* void */
    }

    text.data = scan->text.data + *at;
    text.len = end - *at;

    *at = end - 1;

    if (!scoped_key_json_number(text, &number)
        || (number.is_integer && scoped_key_json_fits(text, number.digits)))
    {
        return true;
    }

    return scoped_key_json_replace(scan, end - text.len, text.len);
}


/* numbers: those that jansson could not hold are replaced */
static scoped_key_json_error_e
scoped_key_json_scan(scoped_key_json_scan_t *scan, bool numbers)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < scan->text.len; i++) {
        c = scan->text.data[i];

        if (scan->in_string) {
            scoped_key_json_scan_string(scan, c);
            continue;
        }

        if (numbers && (c == '-' || scoped_key_json_is_digit(c))) {

            if (!scoped_key_json_scan_number(scan, &i)) {
                return SCOPED_KEY_JSON_NO_MEMORY;
            }

            continue;
        }

        scoped_key_json_scan_outside(scan, c);

        if (scan->depth > SCOPED_KEY_JSON_MAX_DEPTH) {
            return SCOPED_KEY_JSON_DEEP;
        }
    }

    return SCOPED_KEY_JSON_NO_ERROR;
}


static scoped_key_json_error_e
scoped_key_json_error(const json_error_t *error)
{
    switch (json_error_code(error)) {

    case json_error_out_of_memory:
        return SCOPED_KEY_JSON_NO_MEMORY;

    case json_error_duplicate_key:
        return SCOPED_KEY_JSON_DUPLICATE;

    case json_error_invalid_utf8:
        return SCOPED_KEY_JSON_UTF8;

    case json_error_null_byte_in_key:
        return SCOPED_KEY_JSON_NUL_IN_NAME;

    case json_error_premature_end_of_input:
        return SCOPED_KEY_JSON_TRUNCATED;

    case json_error_end_of_input_expected:
        return SCOPED_KEY_JSON_TRAILING;

    default:
        return SCOPED_KEY_JSON_SYNTAX;
    }
}


/* numbers: as for the scan; flags: jansson's, besides our own */
static scoped_key_json_t *
scoped_key_json_load(scoped_key_str_t text, bool numbers, size_t flags,
    scoped_key_json_error_e *error)
{
    json_t                  *document;
    json_error_t             reason;
    scoped_key_json_scan_t   scan;

    if (text.len == 0) {
        *error = SCOPED_KEY_JSON_TRUNCATED;
        return NULL;
    }

    if (text.len >= scoped_key_json_bom.len
        && memcmp(text.data, scoped_key_json_bom.data,
                  scoped_key_json_bom.len) == 0)
    {
        *error = SCOPED_KEY_JSON_MARK;
        return NULL;
    }

    memset(&scan, 0, sizeof(scan));

    scan.text = text;
    *error = scoped_key_json_scan(&scan, numbers);
    document = NULL;

    if (*error == SCOPED_KEY_JSON_NO_ERROR) {
        document = json_loadb((const char *) (scan.copy ? scan.copy
                                                        : text.data),
                              text.len,
                              JSON_REJECT_DUPLICATES|JSON_DECODE_ANY|flags,
                              &reason);

        if (document == NULL) {
            *error = scoped_key_json_error(&reason);
        }
    }

    free(scan.copy);

    return (scoped_key_json_t *) document;
}


scoped_key_json_t *
scoped_key_json_parse(scoped_key_str_t text)
{
    scoped_key_json_error_e  error;

    return scoped_key_json_load(text, false, 0, &error);
}


scoped_key_json_t *
scoped_key_json_parse_body(scoped_key_str_t text,
    scoped_key_json_error_e *error)
{
    return scoped_key_json_load(text, true, JSON_ALLOW_NUL, error);
}


const char *
scoped_key_json_error_text(scoped_key_json_error_e error)
{
    static const char *const  texts[] = {
        "none",
        "out of memory",
        "JSON with a byte order mark",
        "JSON with more than 32 levels",
        "JSON with a duplicate member",
        "JSON with invalid UTF-8",
        "JSON with \\u0000 in a name",
        "JSON that is cut off",
        "JSON with text after it",
        "JSON with a syntax error"
    };

    return texts[error];
}


void
scoped_key_json_free(scoped_key_json_t *document)
{
    json_decref((json_t *) document);
}


scoped_key_json_e
scoped_key_json_type(const scoped_key_json_t *value)
{
    switch (json_typeof(scoped_key_json_value(value))) {

    case JSON_OBJECT:
        return SCOPED_KEY_JSON_OBJECT;

    case JSON_ARRAY:
        return SCOPED_KEY_JSON_ARRAY;

    case JSON_STRING:
        return SCOPED_KEY_JSON_STRING;

    case JSON_INTEGER:
        return SCOPED_KEY_JSON_INTEGER;

    case JSON_TRUE:
    case JSON_FALSE:
        return SCOPED_KEY_JSON_BOOLEAN;

    case JSON_NULL:
        return SCOPED_KEY_JSON_NULL;

    default:
        return SCOPED_KEY_JSON_OTHER;
    }
}


scoped_key_str_t
scoped_key_json_string(const scoped_key_json_t *value)
{
    json_t            *string;
    scoped_key_str_t   text = scoped_key_str("");

    string = scoped_key_json_value(value);

    if (json_is_string(string)) {
        text.data = (const unsigned char *) json_string_value(string);
        text.len = json_string_length(string);
    }

    return text;
}


int64_t
scoped_key_json_integer(const scoped_key_json_t *value)
{
    return json_integer_value(scoped_key_json_value(value));
}


bool
scoped_key_json_boolean(const scoped_key_json_t *value)
{
    return json_is_true(scoped_key_json_value(value));
}


size_t
scoped_key_json_count(const scoped_key_json_t *value)
{
    return json_array_size(scoped_key_json_value(value));
}


const scoped_key_json_t *
scoped_key_json_element(const scoped_key_json_t *value, size_t index)
{
    return (const scoped_key_json_t *)
               json_array_get(scoped_key_json_value(value), index);
}


static bool
scoped_key_json_each_element(json_t *array, scoped_key_json_member_pt each,
    void *data)
{
    size_t            i, n;
    scoped_key_str_t  name = scoped_key_str("");

    n = json_array_size(array);

    for (i = 0; i < n; i++) {
        if (!each(data, name,
                  (const scoped_key_json_t *) json_array_get(array, i)))
        {
            return false;
        }
    }

    return true;
}


static bool
scoped_key_json_each_member(json_t *object, scoped_key_json_member_pt each,
    void *data)
{
    void              *member;
    const char        *key;
    scoped_key_str_t   name;

    for (member = json_object_iter(object);
         member != NULL;
         member = json_object_iter_next(object, member))
    {
        key = json_object_iter_key(member);
        name.data = (const unsigned char *) key;
        name.len = strlen(key);

        if (!each(data, name,
                  (const scoped_key_json_t *) json_object_iter_value(member)))
        {
            return false;
        }
    }

    return true;
}


bool
scoped_key_json_each(const scoped_key_json_t *value,
    scoped_key_json_member_pt each, void *data)
{
    json_t  *container;

    container = scoped_key_json_value(value);

    if (json_is_object(container)) {
        return scoped_key_json_each_member(container, each, data);
    }

    return scoped_key_json_each_element(container, each, data);
}
