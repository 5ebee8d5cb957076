/*
 * Untrusted JSON by way of jansson, and pointers into it: see json.h.  No
 * other file knows which library this is.  jansson recurses on depth, up to
 * 2,048 levels: so depth is counted beforehand, in one pass.  Whatever an
 * upstream could read in another way than RFC 6901 has it is refused, not
 * passed over.
 * Invariants: no name holds a NUL, which jansson refuses there always;
 * without JSON_ALLOW_NUL no string does; a walk's recursion is as deep as the
 * pointer has tokens, 32 at most.
 */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "name_match.h"
#include "name_table.h"



#define SCOPED_KEY_JSON_POINTER_TOKENS  32
#define SCOPED_KEY_JSON_TOKEN_BYTES    256   /* one token, as written */

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

#define SCOPED_KEY_JSON_INTEGER_BYTES  20    /* a sign and 19 digits */
#define SCOPED_KEY_JSON_INDEX_DIGITS    9

typedef struct {
    scoped_key_json_found_pt   found;
    void                      *data;
    scoped_key_json_walk_e     result;
} scoped_key_json_visitor_t;

/* from one value to the next: what is left of the pointer, and where we are */
typedef struct {
    scoped_key_json_visitor_t     *visitor;
    scoped_key_str_t               rest;
    bool                           below_wildcard; /* a `*` */
} scoped_key_json_step_t;

/* the search for one member of an object, or one element of an array */
typedef struct {
    scoped_key_str_t           name;
    size_t                     before;       /* elements yet to pass */
    const scoped_key_json_t   *value;        /* NULL: absent */
} scoped_key_json_search_t;

/* so many children are compared without a table */
#define SCOPED_KEY_JSON_FEW         1

/* what a table takes at most for each child of a node with more than FEW, the
   list that it is built of included */
#define SCOPED_KEY_JSON_CHILD_BYTES  72

/* one look at a value, as measured */
#define SCOPED_KEY_STEPS_TO_VISIT    16

/* what a token stands for */
typedef enum {
    SCOPED_KEY_STEP_MEMBER = 0,          /* or an index */
    SCOPED_KEY_STEP_ALL,                 /* `*` */
    SCOPED_KEY_STEP_EACH                 /* `[]` */
} scoped_key_step_e;

/* one token of a pointer, and of all that begin with the same ones; the root
   is number 0, and so 0 is no child and no sibling */
typedef struct {
    scoped_key_str_t           token;        /* decoded */
    const scoped_key_names_t  *names;        /* of the children; NULL: few */
    uint32_t                  *children;     /* by their numbers there */
    size_t                     index;
    uint32_t                   parent;
    uint32_t                   first;        /* child */
    uint32_t                   sibling;      /* the next one */
    uint32_t                   all;          /* the child that is a `*` */
    uint32_t                   npaths;       /* that end here or below */
    int32_t                    path;         /* that ends here; -1: none */
    uint8_t                    depth;        /* of the token; of the root: 0 */
    uint8_t                    kind;         /* scoped_key_step_e */
    bool                       has_index;
} scoped_key_json_node_t;

struct scoped_key_json_paths_s {
    size_t                     n;
    uint32_t                   nnodes;
    scoped_key_json_node_t    *nodes;
    unsigned char             *tables;       /* room for more of them */
    uint32_t                  *ends;         /* the node of each path */
    unsigned char             *text;         /* room for more tokens */
};

/* what a walk makes of a node */
typedef struct {
    const scoped_key_json_t   *seen;         /* member of the present object */
    uint32_t                   first;        /* without those that have died */
    uint32_t                   sibling;
    uint32_t                   alive;        /* paths of npaths */
    bool                       met_array;
} scoped_key_json_mark_t;

typedef struct {
    const scoped_key_json_node_t   *nodes;
    const scoped_key_json_paths_t  *paths;
    scoped_key_json_mark_t         *marks;
    scoped_key_json_path_t         *outcomes;
    scoped_key_json_path_found_pt   found;
    void                           *data;
    size_t                         *left;    /* steps */
    uint32_t                        at;      /* the node whose object is looked
                                                through */
    scoped_key_str_t                name;    /* of the member looked at */
    const scoped_key_json_t        *value;
} scoped_key_json_tour_t;


static bool scoped_key_json_descend(scoped_key_json_step_t step,
    const scoped_key_json_t *value);
static void scoped_key_json_visit(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *value, bool below_wildcard);


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


/* what a number is made of, and some that are none */
static bool
scoped_key_json_in_number(unsigned char c)
{
    return scoped_key_is_digit(c) || c == '-' || c == '+' || c == '.'
           || c == 'e' || c == 'E';
}


/* takes digits off the front; how many */
static size_t
scoped_key_json_digits(scoped_key_str_t *rest)
{
    size_t  n;

    for (n = 0; n < rest->len && scoped_key_is_digit(rest->data[n]);
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


/* from where documents get theirs; given back before the document is */
static void *
scoped_key_json_alloc(size_t len)
{
    json_malloc_t  take;

    json_get_alloc_funcs(&take, NULL);

    return take(len);
}


static void
scoped_key_json_dealloc(void *memory)
{
    json_free_t  release;

    json_get_alloc_funcs(NULL, &release);
    release(memory);
}


/*
 * jansson reads no number that it cannot hold.  Nobody asks which it was: in
 * its place comes another that is no integer.  False: out of memory.
 */
static bool
scoped_key_json_replace(scoped_key_json_scan_t *scan, size_t at, size_t len)
{
    if (scan->copy == NULL) {
        scan->copy = scoped_key_json_alloc(scan->text.len);

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

        if (numbers && (c == '-' || scoped_key_is_digit(c))) {

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

    /* jansson passes over a NUL behind a number */
    if (memchr(text.data, '\0', text.len) != NULL) {
        *error = SCOPED_KEY_JSON_SYNTAX;
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

    if (scan.copy != NULL) {
        scoped_key_json_dealloc(scan.copy);
    }

    return (scoped_key_json_t *) document;
}


void
scoped_key_json_memory_get(scoped_key_json_memory_t *memory)
{
    json_get_alloc_funcs(&memory->take, &memory->release);
}


void
scoped_key_json_memory_set(const scoped_key_json_memory_t *memory)
{
    json_set_alloc_funcs(memory->take, memory->release);
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


/* takes one token, as written, off the front; false: there is none */
static bool
scoped_key_json_token_next(scoped_key_str_t *rest, scoped_key_str_t *token)
{
    const unsigned char  *end;

    if (rest->len == 0 || rest->data[0] != '/') {
        return false;
    }

    token->data = rest->data + 1;
    token->len = rest->len - 1;

    end = memchr(token->data, '/', token->len);

    if (end != NULL) {
        token->len = end - token->data;
    }

    rest->data += token->len + 1;
    rest->len -= token->len + 1;

    return true;
}


/* undoes ~0 and ~1 into out, of SCOPED_KEY_JSON_TOKEN_BYTES */
static bool
scoped_key_json_token_decode(scoped_key_str_t token, unsigned char *out,
    size_t *len)
{
    size_t         i, n;
    unsigned char  c;

    if (token.len > SCOPED_KEY_JSON_TOKEN_BYTES) {
        return false;
    }

    n = 0;

    for (i = 0; i < token.len; i++) {
        c = token.data[i];

        if (c == '~') {
            i++;

            if (i == token.len || (token.data[i] | 1) != '1') {
                return false;
            }

            c = token.data[i] == '0' ? '~' : '/';
        }

        out[n++] = c;
    }

    *len = n;

    return true;
}


bool
scoped_key_json_pointer_valid(scoped_key_str_t pointer)
{
    size_t            n, len;
    unsigned char     name[SCOPED_KEY_JSON_TOKEN_BYTES];
    scoped_key_str_t  token;

    n = 0;

    while (scoped_key_json_token_next(&pointer, &token)) {
        n++;

        if (n > SCOPED_KEY_JSON_POINTER_TOKENS
            || !scoped_key_json_token_decode(token, name, &len))
        {
            return false;
        }
    }

    return pointer.len == 0;
}


static bool
scoped_key_json_refuse(scoped_key_json_visitor_t *visitor)
{
    visitor->result = SCOPED_KEY_JSON_REFUSED;

    return false;
}


static bool
scoped_key_json_emit(scoped_key_json_visitor_t *visitor, scoped_key_str_t text)
{
    if (visitor->found(visitor->data, text)) {
        return true;
    }

    visitor->result = SCOPED_KEY_JSON_STOPPED;

    return false;
}


/* as decimal text at the end of digits, of SCOPED_KEY_JSON_INTEGER_BYTES */
static scoped_key_str_t
scoped_key_json_integer_text(int64_t integer, unsigned char *digits)
{
    uint64_t           rest;
    unsigned char     *first, *end;
    scoped_key_str_t   text;

    end = digits + SCOPED_KEY_JSON_INTEGER_BYTES;
    first = end;
    rest = (uint64_t) integer;

    if (integer < 0) {
        rest = -rest;
    }

    do {
        *--first = (unsigned char) ('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);

    if (integer < 0) {
        *--first = '-';
    }

    text.data = first;
    text.len = (size_t) (end - first);

    return text;
}


/*
 * What a value says; false: it says nothing that all would agree on.  digits:
 * where an integer is written, of SCOPED_KEY_JSON_INTEGER_BYTES.
 */
static bool
scoped_key_json_text(const scoped_key_json_t *value, unsigned char *digits,
    scoped_key_str_t *text)
{
    static const scoped_key_str_t  yes = scoped_key_str("true");
    static const scoped_key_str_t  no = scoped_key_str("false");

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_STRING:
        *text = scoped_key_json_string(value);
        return text->len == 0 || memchr(text->data, '\0', text->len) == NULL;

    case SCOPED_KEY_JSON_INTEGER:
        *text = scoped_key_json_integer_text(scoped_key_json_integer(value),
                                             digits);
        return true;

    case SCOPED_KEY_JSON_BOOLEAN:
        *text = scoped_key_json_boolean(value) ? yes : no;
        return true;

    default:
        return false;
    }
}


/* the end of the pointer */
static bool
scoped_key_json_leaf(scoped_key_json_visitor_t *visitor,
    const scoped_key_json_t *value)
{
    unsigned char     digits[SCOPED_KEY_JSON_INTEGER_BYTES];
    scoped_key_str_t  text;

    return scoped_key_json_text(value, digits, &text)
           ? scoped_key_json_emit(visitor, text)
           : scoped_key_json_refuse(visitor);
}


static bool
scoped_key_json_match_member(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_search_t  *search = data;

    switch (scoped_key_name_match(name, search->name,
                                  SCOPED_KEY_NAME_MEMBER))
    {

    case SCOPED_KEY_NAME_OTHER:
        return true;

    case SCOPED_KEY_NAME_SAME:
        search->value = value;
        return true;

    default:
        return false;
    }
}


static bool
scoped_key_json_nth_element(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_search_t  *search = data;

    (void) name;

    if (search->before == 0) {
        search->value = value;
        return false;
    }

    search->before--;

    return true;
}


/* false: no index */
static bool
scoped_key_json_index(scoped_key_str_t token, size_t *index)
{
    int64_t  number;

    if (token.len > SCOPED_KEY_JSON_INDEX_DIGITS
        || (token.len > 1 && token.data[0] == '0')
        || !scoped_key_decimal_parse(token, &number))
    {
        return false;
    }

    *index = number;

    return true;
}


/* what a token leads to; false: nothing that all would agree on */
static bool
scoped_key_json_find(const scoped_key_json_t *value, scoped_key_str_t token,
    const scoped_key_json_t **member)
{
    bool                      agreed;
    unsigned char             name[SCOPED_KEY_JSON_TOKEN_BYTES];
    scoped_key_json_search_t  search;

    search.name.data = name;
    search.value = NULL;

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_OBJECT:
        agreed = scoped_key_json_token_decode(token, name, &search.name.len)
                 && scoped_key_json_each(value, scoped_key_json_match_member,
                                         &search);
        break;

    case SCOPED_KEY_JSON_ARRAY:
        agreed = scoped_key_json_index(token, &search.before);

        if (agreed) {
            scoped_key_json_each(value, scoped_key_json_nth_element, &search);
        }

        break;

    default:
        agreed = false;
    }

    *member = search.value;

    return agreed;
}


static bool
scoped_key_json_descend_each(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_step_t  *step = data;

    (void) name;

    return scoped_key_json_descend(*step, value);
}


/* `*`: every element or member */
static bool
scoped_key_json_descend_all(scoped_key_json_step_t step,
    const scoped_key_json_t *value)
{
    scoped_key_json_e  type;

    type = scoped_key_json_type(value);

    if (type != SCOPED_KEY_JSON_ARRAY && type != SCOPED_KEY_JSON_OBJECT) {
        return scoped_key_json_refuse(step.visitor);
    }

    step.below_wildcard = true;

    return scoped_key_json_each(value, scoped_key_json_descend_each, &step);
}


static bool
scoped_key_json_descend(scoped_key_json_step_t step,
    const scoped_key_json_t *value)
{
    scoped_key_str_t          token;
    const scoped_key_json_t  *member;

    if (!scoped_key_json_token_next(&step.rest, &token)) {
        return scoped_key_json_leaf(step.visitor, value);
    }

    if (token.len == 1 && token.data[0] == '*') {
        return scoped_key_json_descend_all(step, value);
    }

    if (!scoped_key_json_find(value, token, &member)) {
        return scoped_key_json_refuse(step.visitor);
    }

    if (member == NULL) {
        return step.below_wildcard ? scoped_key_json_refuse(step.visitor)
                                   : true;
    }

    return scoped_key_json_descend(step, member);
}


scoped_key_json_walk_e
scoped_key_json_walk(const scoped_key_json_t *document,
    scoped_key_str_t pointer, scoped_key_json_found_pt found, void *data)
{
    scoped_key_json_visitor_t  visitor;
    scoped_key_json_step_t     step;

    if (!scoped_key_json_pointer_valid(pointer)) {
        return SCOPED_KEY_JSON_REFUSED;
    }

    visitor.found = found;
    visitor.data = data;
    visitor.result = SCOPED_KEY_JSON_WALKED;

    step.visitor = &visitor;
    step.rest = pointer;
    step.below_wildcard = false;

    scoped_key_json_descend(step, document);

    return visitor.result;
}


/* tokens of all of them, and one for the root */
static size_t
scoped_key_json_paths_nodes(const scoped_key_str_t *pointers, size_t n)
{
    size_t            nnodes;
    scoped_key_str_t  rest, token;

    nnodes = 1;

    while (n-- != 0) {
        rest = pointers[n];

        while (scoped_key_json_token_next(&rest, &token)) {
            nnodes++;
        }
    }

    return nnodes;
}


size_t
scoped_key_json_paths_bytes(const scoped_key_str_t *pointers, size_t n)
{
    size_t  i, bytes;

    bytes = sizeof(scoped_key_json_paths_t) + n * sizeof(uint32_t)
            + scoped_key_json_paths_nodes(pointers, n)
              * (sizeof(scoped_key_json_node_t) + SCOPED_KEY_JSON_CHILD_BYTES);

    for (i = 0; i < n; i++) {
        bytes += pointers[i].len;
    }

    return bytes;
}


static scoped_key_step_e
scoped_key_json_token_kind(scoped_key_str_t token)
{
    static const scoped_key_str_t  all = scoped_key_str("*");
    static const scoped_key_str_t  each = scoped_key_str("[]");

    if (scoped_key_str_equal(token, all)) {
        return SCOPED_KEY_STEP_ALL;
    }

    return scoped_key_str_equal(token, each) ? SCOPED_KEY_STEP_EACH
                                             : SCOPED_KEY_STEP_MEMBER;
}


/* `~0` is another way to write `~`, so decoded tokens are compared; but what
   `*` and `[]` are is told by how they are written */
static uint32_t
scoped_key_json_paths_child(const scoped_key_json_paths_t *paths,
    uint32_t parent, const scoped_key_json_node_t *node)
{
    uint32_t                       n;
    const scoped_key_json_node_t  *child;

    for (n = paths->nodes[parent].first; n != 0; n = child->sibling) {
        child = &paths->nodes[n];

        if (child->kind == node->kind
            && scoped_key_str_equal(child->token, node->token))
        {
            return n;
        }
    }

    return 0;
}


static uint32_t
scoped_key_json_paths_add(scoped_key_json_paths_t *paths, uint32_t parent,
    scoped_key_str_t token)
{
    uint32_t                n;
    scoped_key_json_node_t  node;

    memset(&node, 0, sizeof(node));

    node.parent = parent;
    node.path = -1;
    node.kind = (uint8_t) scoped_key_json_token_kind(token);
    node.depth = (uint8_t) (paths->nodes[parent].depth + 1);
    node.has_index = scoped_key_json_index(token, &node.index);
    node.token.data = paths->text;

    (void) scoped_key_json_token_decode(token, paths->text, &node.token.len);

    n = scoped_key_json_paths_child(paths, parent, &node);

    if (n != 0) {
        return n;
    }

    n = paths->nnodes++;
    node.sibling = paths->nodes[parent].first;
    paths->nodes[n] = node;
    paths->nodes[parent].first = n;

    if (node.kind == SCOPED_KEY_STEP_ALL) {
        paths->nodes[parent].all = n;
    }

    paths->text += node.token.len;

    return n;
}


/* memory for a table; the next one is as aligned */
static void *
scoped_key_json_paths_alloc(scoped_key_json_paths_t *paths, size_t bytes)
{
    void  *memory;

    memory = paths->tables;
    paths->tables += (bytes + sizeof(void *) - 1) & ~(sizeof(void *) - 1);

    return memory;
}


/* the names of a node's children, if there are many */
static void
scoped_key_json_paths_table(scoped_key_json_paths_t *paths,
    scoped_key_json_node_t *node)
{
    size_t             n;
    uint32_t           child;
    scoped_key_str_t  *list;

    n = 0;

    for (child = node->first; child != 0; child = paths->nodes[child].sibling)
    {
        n += paths->nodes[child].kind == SCOPED_KEY_STEP_MEMBER;
    }

    if (n <= SCOPED_KEY_JSON_FEW) {
        return;
    }

    list = scoped_key_json_paths_alloc(paths, n * sizeof(*list));
    node->children = scoped_key_json_paths_alloc(paths,
                                                 n * sizeof(uint32_t));
    n = 0;

    for (child = node->first; child != 0; child = paths->nodes[child].sibling)
    {
        if (paths->nodes[child].kind == SCOPED_KEY_STEP_MEMBER) {
            node->children[n] = child;
            list[n++] = paths->nodes[child].token;
        }
    }

    node->names = scoped_key_names_build(
                      scoped_key_json_paths_alloc(paths,
                                                  scoped_key_names_bytes(n)),
                      list, n);
}


static void
scoped_key_json_paths_fill(scoped_key_json_paths_t *paths,
    const scoped_key_str_t *pointers)
{
    size_t            i;
    uint32_t          at;
    scoped_key_str_t  rest, token;

    for (i = 0; i < paths->n; i++) {
        at = 0;
        rest = pointers[i];

        while (scoped_key_json_token_next(&rest, &token)) {
            at = scoped_key_json_paths_add(paths, at, token);
        }

        paths->ends[i] = at;
        paths->nodes[at].path = (int32_t) i;

        for ( /* void */ ; at != 0; at = paths->nodes[at].parent) {
            paths->nodes[at].npaths++;
        }

        paths->nodes[0].npaths++;
    }
}


const scoped_key_json_paths_t *
scoped_key_json_paths_build(void *memory, const scoped_key_str_t *pointers,
    size_t n)
{
    size_t                    nnodes;
    uint32_t                  i;
    scoped_key_json_paths_t  *paths;

    nnodes = scoped_key_json_paths_nodes(pointers, n);

    paths = memory;
    paths->n = n;
    paths->nnodes = 1;
    paths->nodes = (scoped_key_json_node_t *) (paths + 1);
    paths->tables = (unsigned char *) (paths->nodes + nnodes);
    paths->ends = (uint32_t *) (paths->tables
                                + nnodes * SCOPED_KEY_JSON_CHILD_BYTES);
    paths->text = (unsigned char *) (paths->ends + n);

    memset(paths->nodes, 0, sizeof(scoped_key_json_node_t));
    paths->nodes[0].path = -1;

    scoped_key_json_paths_fill(paths, pointers);

    for (i = 0; i < paths->nnodes; i++) {
        scoped_key_json_paths_table(paths, &paths->nodes[i]);
    }

    return paths;
}


size_t
scoped_key_json_paths_scratch(const scoped_key_json_paths_t *paths)
{
    return paths->nnodes * sizeof(scoped_key_json_mark_t);
}


/* the child that the link leads to, past those that have died; 0: none */
static uint32_t
scoped_key_json_live(scoped_key_json_tour_t *tour, uint32_t *link)
{
    while (*link != 0 && tour->marks[*link].alive == 0) {
        *link = tour->marks[*link].sibling;
    }

    return *link;
}


static void
scoped_key_json_refuse_path(scoped_key_json_tour_t *tour, uint32_t path)
{
    uint32_t  n;

    if (tour->outcomes[path].refused) {
        return;
    }

    tour->outcomes[path].refused = true;

    for (n = tour->paths->ends[path]; n != 0; n = tour->nodes[n].parent) {
        tour->marks[n].alive--;
    }

    tour->marks[0].alive--;
}


/* all paths that lead through a node; empty: they found null there */
static void
scoped_key_json_end(scoped_key_json_tour_t *tour, uint32_t n, bool empty)
{
    int32_t    path;
    uint32_t   child, *link;

    path = tour->nodes[n].path;

    if (path >= 0 && empty) {
        tour->outcomes[path].empty = true;

    } else if (path >= 0) {
        scoped_key_json_refuse_path(tour, (uint32_t) path);
    }

    for (link = &tour->marks[n].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        scoped_key_json_end(tour, child, empty);
    }
}


/* false: there are no steps left, and nothing is to be looked at any more */
static bool
scoped_key_json_step(scoped_key_json_tour_t *tour)
{
    if (scoped_key_steps_spend(tour->left, SCOPED_KEY_STEPS_TO_VISIT)) {
        return true;
    }

    scoped_key_json_end(tour, 0, false);

    return false;
}


static void
scoped_key_json_emit_path(scoped_key_json_tour_t *tour, uint32_t path,
    const scoped_key_json_t *value)
{
    unsigned char      digits[SCOPED_KEY_JSON_INTEGER_BYTES];
    scoped_key_str_t   text;
    scoped_key_json_e  type;

    if (tour->outcomes[path].refused) {
        return;
    }

    type = scoped_key_json_type(value);

    if (!scoped_key_json_text(value, digits, &text)) {
        tour->outcomes[path].nul = type == SCOPED_KEY_JSON_STRING;
        scoped_key_json_refuse_path(tour, path);

    } else if (!tour->found(tour->data, path, text,
                            type != SCOPED_KEY_JSON_INTEGER))
    {
        scoped_key_json_refuse_path(tour, path);
    }
}


static bool
scoped_key_json_emit_element(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_tour_t  *tour = data;

    (void) name;

    if (!scoped_key_json_step(tour)) {
        return false;
    }

    scoped_key_json_emit_path(tour, (uint32_t) tour->nodes[tour->at].path,
                              value);

    return true;
}


/* a value, or an array of values */
static void
scoped_key_json_end_here(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *value)
{
    uint32_t  path;

    path = (uint32_t) tour->nodes[n].path;

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_ARRAY:
        if (scoped_key_json_count(value) != 0) {
            tour->at = n;
            scoped_key_json_each(value, scoped_key_json_emit_element, tour);
            break;
        }

        /* fall through */

    case SCOPED_KEY_JSON_NULL:
        tour->outcomes[path].empty = true;
        break;

    default:
        scoped_key_json_emit_path(tour, path, value);
    }
}


/*
 * The member that is looked at against the name of a child.  Without steps left
 * it is not compared: the next look ends the walk, and there is one after it.
 */
static void
scoped_key_json_compare(scoped_key_json_tour_t *tour, uint32_t child)
{
    scoped_key_str_t  token;

    token = tour->nodes[child].token;

    if (scoped_key_str_equal(tour->name, token)) {
        tour->marks[child].seen = tour->value;
        return;
    }

    if (!scoped_key_name_differs(tour->name, token)
        && scoped_key_steps_spend(tour->left,
                                  scoped_key_name_steps(tour->name, token))
        && scoped_key_name_match(tour->name, token, SCOPED_KEY_NAME_MEMBER)
           != SCOPED_KEY_NAME_OTHER)
    {
        scoped_key_json_end(tour, child, false);
    }
}


static void
scoped_key_json_candidate(void *data, size_t n)
{
    scoped_key_json_tour_t  *tour = data;

    uint32_t  child;

    child = tour->nodes[tour->at].children[n];

    if (tour->marks[child].alive != 0) {
        scoped_key_json_compare(tour, child);
    }
}


/* the member that is looked at against the names of all children */
static void
scoped_key_json_compare_all(scoped_key_json_tour_t *tour)
{
    uint32_t                       child, *link;
    const scoped_key_json_node_t  *node;

    node = &tour->nodes[tour->at];

    if (node->names != NULL
        && !scoped_key_name_is_proto(tour->name))
    {
        scoped_key_names_candidates(node->names, tour->name, tour->left,
                                    scoped_key_json_candidate, tour);
        return;
    }

    for (link = &tour->marks[tour->at].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        if (tour->nodes[child].kind == SCOPED_KEY_STEP_MEMBER) {
            scoped_key_json_compare(tour, child);
        }
    }
}


static bool
scoped_key_json_visit_member(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_tour_t  *tour = data;

    uint32_t  n, all;

    if (!scoped_key_json_step(tour)) {
        return false;
    }

    n = tour->at;
    tour->name = name;
    tour->value = value;
    scoped_key_json_compare_all(tour);

    all = tour->nodes[n].all;

    if (all != 0 && tour->marks[all].alive != 0) {
        scoped_key_json_visit(tour, all, value, true);
        tour->at = n;
    }

    return true;
}


static void
scoped_key_json_visit_object(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *object, bool below_wildcard)
{
    uint32_t  child, *link;

    for (link = &tour->marks[n].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        tour->marks[child].seen = NULL;
    }

    tour->at = n;

    scoped_key_json_each(object, scoped_key_json_visit_member, tour);

    for (link = &tour->marks[n].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        if (!scoped_key_json_step(tour)) {
            return;
        }

        if (tour->nodes[child].kind != SCOPED_KEY_STEP_MEMBER) {
            continue;
        }

        if (tour->marks[child].seen != NULL) {
            scoped_key_json_visit(tour, child, tour->marks[child].seen,
                                  below_wildcard);

        } else if (below_wildcard) {
            scoped_key_json_end(tour, child, false);
        }
    }
}


static bool
scoped_key_json_visit_each(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    scoped_key_json_tour_t  *tour = data;

    uint32_t  n;

    (void) name;

    n = tour->at;
    scoped_key_json_visit(tour, n, value, true);
    tour->at = n;

    return tour->marks[n].alive != 0;
}


/* an element by its index, or a name where there are only elements */
static void
scoped_key_json_visit_element(scoped_key_json_tour_t *tour, uint32_t child,
    const scoped_key_json_t *array, bool below_wildcard)
{
    const scoped_key_json_t       *element;
    const scoped_key_json_node_t  *node;

    node = &tour->nodes[child];

    if (!node->has_index) {
        tour->marks[child].met_array = true;
        return;
    }

    element = scoped_key_json_element(array, node->index);

    if (element != NULL) {
        scoped_key_json_visit(tour, child, element, below_wildcard);

    } else if (below_wildcard) {
        scoped_key_json_end(tour, child, false);
    }
}


static void
scoped_key_json_visit_array(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *array, bool below_wildcard)
{
    uint32_t  child, *link;

    for (link = &tour->marks[n].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        if (!scoped_key_json_step(tour)) {
            return;
        }

        if (tour->nodes[child].kind == SCOPED_KEY_STEP_MEMBER) {
            scoped_key_json_visit_element(tour, child, array, below_wildcard);

        } else {
            tour->at = child;
            scoped_key_json_each(array, scoped_key_json_visit_each, tour);
        }
    }
}


/* neither an object nor an array: nothing can come of it but where `[]` is */
static void
scoped_key_json_visit_scalar(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *value, bool below_wildcard)
{
    bool       empty;
    uint32_t   child, *link;

    empty = !below_wildcard
            && scoped_key_json_type(value) == SCOPED_KEY_JSON_NULL;

    for (link = &tour->marks[n].first;
         (child = scoped_key_json_live(tour, link)) != 0;
         link = &tour->marks[child].sibling)
    {
        if (!scoped_key_json_step(tour)) {
            return;
        }

        if (tour->nodes[child].kind != SCOPED_KEY_STEP_EACH) {
            scoped_key_json_end(tour, child,
                                empty && tour->nodes[child].kind
                                         == SCOPED_KEY_STEP_ALL);
        }
    }
}


/* what the tokens up to a node lead to */
static void
scoped_key_json_visit(scoped_key_json_tour_t *tour, uint32_t n,
    const scoped_key_json_t *value, bool below_wildcard)
{
    if (!scoped_key_json_step(tour)) {
        return;
    }

    if (tour->nodes[n].path >= 0) {
        scoped_key_json_end_here(tour, n, value);
    }

    if (tour->marks[n].first == 0) {
        return;
    }

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_OBJECT:
        scoped_key_json_visit_object(tour, n, value, below_wildcard);
        break;

    case SCOPED_KEY_JSON_ARRAY:
        scoped_key_json_visit_array(tour, n, value, below_wildcard);
        break;

    default:
        scoped_key_json_visit_scalar(tour, n, value, below_wildcard);
    }
}


/* to every path, what its tokens have met */
static void
scoped_key_json_arrays_met(scoped_key_json_tour_t *tour)
{
    size_t    i;
    uint32_t  n;

    for (i = 0; i < tour->paths->n; i++) {
        for (n = tour->paths->ends[i]; n != 0; n = tour->nodes[n].parent) {

            if (tour->marks[n].met_array) {
                tour->outcomes[i].arrays |= (uint32_t) 1
                                            << (tour->nodes[n].depth - 1);
            }
        }
    }
}


void
scoped_key_json_walk_paths(const scoped_key_json_t *document,
    const scoped_key_json_paths_t *paths, size_t *left, void *scratch,
    scoped_key_json_path_t *outcomes, scoped_key_json_path_found_pt found,
    void *data)
{
    uint32_t                n;
    scoped_key_json_mark_t *mark;
    scoped_key_json_tour_t  tour;

    tour.nodes = paths->nodes;
    tour.paths = paths;
    tour.marks = scratch;
    tour.outcomes = outcomes;
    tour.found = found;
    tour.data = data;
    tour.left = left;
    tour.at = 0;

    for (n = 0; n < paths->nnodes; n++) {
        mark = &tour.marks[n];
        mark->seen = NULL;
        mark->first = paths->nodes[n].first;
        mark->sibling = paths->nodes[n].sibling;
        mark->alive = paths->nodes[n].npaths;
        mark->met_array = false;
    }

    scoped_key_json_visit(&tour, 0, document, false);

    if (*left == 0) {
        scoped_key_json_end(&tour, 0, false);
    }

    scoped_key_json_arrays_met(&tour);
}


uint32_t
scoped_key_json_pointer_covered(scoped_key_str_t pointer,
    scoped_key_str_t other)
{
    size_t            at;
    uint32_t          bits, bit;
    scoped_key_str_t  rest, token, head, tail, step;

    static const scoped_key_str_t  each = scoped_key_str("/[]");

    if (other.len != pointer.len + each.len) {
        return 0;
    }

    bits = 0;
    rest = pointer;

    for (bit = 1; rest.len != 0; bit <<= 1) {
        at = pointer.len - rest.len;

        head = (scoped_key_str_t) { at, pointer.data };
        step = (scoped_key_str_t) { each.len, other.data + at };
        tail = (scoped_key_str_t) { rest.len, other.data + at + each.len };

        if (scoped_key_str_equal(step, each)
            && scoped_key_str_equal(tail, rest)
            && memcmp(head.data, other.data, head.len) == 0)
        {
            bits |= bit;
        }

        (void) scoped_key_json_token_next(&rest, &token);
    }

    return bits;
}
