/* links: core/json core/name_match core/name_table core/str -ljansson */

/*
 * First line pointers, a space between them, then a document.  What is parsed
 * is no deeper than the limit, holds no NUL, and no member twice.  A walk that
 * is not refused gives no more values than there are, and gives them again
 * when asked again.  Several pointers at once give what a model gives of each
 * alone.
 */

#include "core/json.h"
#include "core/name_match.h"
#include "fuzz.h"


/* the values of a walk, added up in a way that order matters to */
typedef struct {
    size_t    calls;
    uint64_t  sum;
    size_t    stop_after;                /* 0: never */
} found_t;

/* what a tree holds */
typedef struct {
    size_t    depth;
    size_t    leaves;
} tree_t;

static const scoped_key_json_t  *parent;
static scoped_key_str_t          last;
static size_t                    same;


static bool
found(void *data, scoped_key_str_t text)
{
    size_t    i;
    found_t  *f = data;

    for (i = 0; i < text.len; i++) {
        must(text.data[i] != '\0');
        f->sum = f->sum * 31 + text.data[i];
    }

    f->sum = f->sum * 31 + 7;
    f->calls++;

    return f->calls != f->stop_after;
}


static bool
count_same(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    (void) data;
    (void) value;

    same += scoped_key_str_equal(name, last);

    return true;
}


static bool
look(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    tree_t                   *tree = data;
    const scoped_key_json_t  *up;

    up = parent;

    if (scoped_key_json_type(up) == SCOPED_KEY_JSON_OBJECT) {
        last = name;
        same = 0;
        scoped_key_json_each(up, count_same, NULL);
        must(same == 1);
        must(scoped_key_name_match(name, name, SCOPED_KEY_NAME_MEMBER)
             == SCOPED_KEY_NAME_SAME);
    }

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_OBJECT:
    case SCOPED_KEY_JSON_ARRAY:
        tree->depth++;
        must(tree->depth <= SCOPED_KEY_JSON_MAX_DEPTH);
        parent = value;
        scoped_key_json_each(value, look, tree);
        parent = up;
        tree->depth--;
        break;

    default:
        tree->leaves++;
    }

    return true;
}


static void
check_tree(const scoped_key_json_t *document, tree_t *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->depth = 1;
    parent = document;
    scoped_key_json_each(document, look, tree);
    tree->leaves++;
}


static void
check_walk(const scoped_key_json_t *document, scoped_key_str_t pointer,
    const tree_t *tree)
{
    found_t                 once, again, stopped;
    scoped_key_json_walk_e  rc;

    memset(&once, 0, sizeof(once));
    memset(&again, 0, sizeof(again));
    memset(&stopped, 0, sizeof(stopped));

    rc = scoped_key_json_walk(document, pointer, found, &once);

    must(rc != SCOPED_KEY_JSON_STOPPED);
    must(once.calls <= tree->leaves);
    must(scoped_key_json_walk(document, pointer, found, &again) == rc);
    must(again.calls == once.calls && again.sum == once.sum);

    if (!scoped_key_json_pointer_valid(pointer)) {
        must(rc == SCOPED_KEY_JSON_REFUSED && once.calls == 0);
    }

    if (once.calls != 0) {
        stopped.stop_after = once.calls;
        must(scoped_key_json_walk(document, pointer, found, &stopped)
             == SCOPED_KEY_JSON_STOPPED);
        must(stopped.sum == once.sum);
    }
}


/* what one pointer gives, by the words of json.h alone */
typedef struct {
    bool      refused;
    bool      empty;
    uint32_t  arrays;
    found_t   found;
} model_t;

typedef struct {
    model_t           *model;
    scoped_key_str_t   rest;
    unsigned           depth;
    scoped_key_str_t   name;             /* that is looked for */
    const scoped_key_json_t  *member;
    bool               suspect;
} place_t;


static void follow(model_t *model, const scoped_key_json_t *value,
    scoped_key_str_t rest, unsigned depth, bool element);


static bool
say(model_t *model, const scoped_key_json_t *value)
{
    char              digits[32];
    scoped_key_str_t  text;

    text = scoped_key_json_string(value);

    switch (scoped_key_json_type(value)) {

    case SCOPED_KEY_JSON_STRING:
        if (text.len != 0 && memchr(text.data, '\0', text.len) != NULL) {
            return false;
        }

        break;

    case SCOPED_KEY_JSON_INTEGER:
        text.len = (size_t) snprintf(digits, sizeof(digits), "%lld",
                             (long long) scoped_key_json_integer(value));
        text.data = (const unsigned char *) digits;
        break;

    case SCOPED_KEY_JSON_BOOLEAN:
        text.data = (const unsigned char *)
                        (scoped_key_json_boolean(value) ? "true" : "false");
        text.len = strlen((const char *) text.data);
        break;

    default:
        return false;
    }

    return found(&model->found, text);
}


static bool
say_element(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    model_t  *model = data;

    (void) name;
    model->refused = model->refused || !say(model, value);

    return true;
}


static bool
follow_element(void *data, scoped_key_str_t name,
    const scoped_key_json_t *value)
{
    place_t  *place = data;

    (void) name;
    follow(place->model, value, place->rest, place->depth + 1, true);

    return true;
}


static bool
find_member(void *data, scoped_key_str_t name, const scoped_key_json_t *value)
{
    place_t  *place = data;

    switch (scoped_key_name_match(name, place->name, SCOPED_KEY_NAME_MEMBER)) {

    case SCOPED_KEY_NAME_SAME:
        place->member = value;
        break;

    case SCOPED_KEY_NAME_SUSPECT:
        place->suspect = true;
        break;

    default:
        break;
    }

    return true;
}


static void
follow_name(place_t *place, const scoped_key_json_t *value, bool element)
{
    char      *end;
    unsigned long  index;
    char       digits[16];

    place->member = NULL;
    place->suspect = false;

    if (scoped_key_json_type(value) == SCOPED_KEY_JSON_OBJECT) {
        scoped_key_json_each(value, find_member, place);

    } else {
        must(place->name.len <= 256);
        end = NULL;

        if (place->name.len != 0 && place->name.len < 10
            && memchr(place->name.data, '\0', place->name.len) == NULL)
        {
            memcpy(digits, place->name.data, place->name.len);
            digits[place->name.len] = '\0';
            index = strtoul(digits, &end, 10);
        }

        if (end == NULL || *end != '\0' || digits[0] < '0' || digits[0] > '9'
            || (digits[0] == '0' && digits[1] != '\0'))
        {
            place->model->arrays |= (uint32_t) 1 << place->depth;
            return;
        }

        place->member = scoped_key_json_element(value, index);
    }

    if (place->suspect) {
        place->model->refused = true;

    } else if (place->member != NULL) {
        follow(place->model, place->member, place->rest, place->depth + 1,
               element);

    } else if (element) {
        place->model->refused = true;
    }
}


static void
say_all(model_t *model, const scoped_key_json_t *value)
{
    scoped_key_json_e  type;

    type = scoped_key_json_type(value);

    if (type == SCOPED_KEY_JSON_NULL
        || (type == SCOPED_KEY_JSON_ARRAY
            && scoped_key_json_count(value) == 0))
    {
        model->empty = true;

    } else if (type == SCOPED_KEY_JSON_ARRAY) {
        scoped_key_json_each(value, say_element, model);

    } else {
        model->refused = model->refused || !say(model, value);
    }
}


static void
follow(model_t *model, const scoped_key_json_t *value, scoped_key_str_t rest,
    unsigned depth, bool element)
{
    size_t             len, i;
    place_t            place;
    unsigned char      name[256];
    scoped_key_json_e  type;

    type = scoped_key_json_type(value);

    if (rest.len == 0) {
        say_all(model, value);
        return;
    }

    for (len = 1; len < rest.len && rest.data[len] != '/'; len++) {
        /* void */
    }

    place.model = model;
    place.depth = depth;
    place.rest.data = rest.data + len;
    place.rest.len = rest.len - len;
    place.name.len = 0;

    for (i = 1; i < len; i++) {
        name[place.name.len] = rest.data[i];

        if (rest.data[i] == '~') {
            i++;
            name[place.name.len] = rest.data[i] == '0' ? '~' : '/';
        }

        place.name.len++;
    }

    place.name.data = name;

    if (len == 3 && memcmp(rest.data, "/[]", 3) == 0) {
        if (type == SCOPED_KEY_JSON_ARRAY) {
            scoped_key_json_each(value, follow_element, &place);
        }

    } else if (type == SCOPED_KEY_JSON_NULL && !element && len == 2
               && rest.data[1] == '*')
    {
        model->empty = true;

    } else if (type != SCOPED_KEY_JSON_OBJECT && type != SCOPED_KEY_JSON_ARRAY)
    {
        model->refused = true;

    } else if (len == 2 && rest.data[1] == '*') {
        scoped_key_json_each(value, follow_element, &place);

    } else {
        follow_name(&place, value, element);
    }
}


#define MAX_PATHS  40


typedef struct {
    found_t  found[MAX_PATHS];
} walked_t;


static bool
found_of(void *data, size_t n, scoped_key_str_t text, bool lasting)
{
    walked_t  *walked = data;

    (void) lasting;

    return found(&walked->found[n], text);
}


/* valid and distinct ones */
static size_t
split(scoped_key_str_t line, scoped_key_str_t *pointers)
{
    size_t            i, k, n, from;
    scoped_key_str_t  pointer;

    n = 0;
    from = 0;

    for (i = 0; i <= line.len && n < MAX_PATHS; i++) {

        if (i < line.len && line.data[i] != ' ') {
            continue;
        }

        pointer.data = line.data + from;
        pointer.len = i - from;
        from = i + 1;

        for (k = 0;
             k < n && !scoped_key_str_equal(pointers[k], pointer);
             k++)
        {
            /* void */
        }

        if (k == n && scoped_key_json_pointer_valid(pointer)) {
            pointers[n++] = pointer;
        }
    }

    return n;
}


static void
check_paths(const scoped_key_json_t *document, scoped_key_str_t line)
{
    void                           *memory, *scratch;
    size_t                          i, n, left;
    model_t                         model;
    walked_t                        walked;
    scoped_key_str_t                pointers[MAX_PATHS];
    scoped_key_json_path_t          outcomes[MAX_PATHS];
    const scoped_key_json_paths_t  *paths;

    n = split(line, pointers);
    memory = malloc(scoped_key_json_paths_bytes(pointers, n));
    must(memory != NULL);
    paths = scoped_key_json_paths_build(memory, pointers, n);
    scratch = malloc(scoped_key_json_paths_scratch(paths));
    must(scratch != NULL);

    memset(&walked, 0, sizeof(walked));
    memset(outcomes, 0, sizeof(outcomes));
    left = SIZE_MAX;
    scoped_key_json_walk_paths(document, paths, &left, scratch, outcomes,
                               found_of, &walked);

    for (i = 0; i < n; i++) {
        memset(&model, 0, sizeof(model));
        follow(&model, document, pointers[i], 0, false);
        must(model.refused == outcomes[i].refused);

        if (!model.refused) {
            must(model.empty == outcomes[i].empty);
            must(model.arrays == outcomes[i].arrays);
            must(model.found.calls == walked.found[i].calls);
            must(model.found.sum == walked.found[i].sum);
        }
    }

    free(memory);
    free(scratch);
}


/* whatever it is, within that many arrays it is too deep */
static void
check_too_deep(scoped_key_str_t text)
{
    size_t             times;
    unsigned char     *bytes;
    scoped_key_str_t   wrapped;

    times = SCOPED_KEY_JSON_MAX_DEPTH + 1;
    wrapped.len = text.len + 2 * times;
    bytes = malloc(wrapped.len);
    must(bytes != NULL);

    memset(bytes, '[', times);
    memset(bytes + times + text.len, ']', times);

    if (text.len != 0) {
        memcpy(bytes + times, text.data, text.len);
    }

    wrapped.data = bytes;
    must(scoped_key_json_parse(wrapped) == NULL);
    free(bytes);
}


/* of a request: what is a document of our own is one, too */
static void
check_body(scoped_key_str_t text, scoped_key_str_t pointers)
{
    scoped_key_json_t        *document, *own;
    scoped_key_json_error_e   error;

    document = scoped_key_json_parse_body(text, &error);
    own = scoped_key_json_parse(text);

    if (document != NULL) {
        check_paths(document, pointers);

    } else {
        must(error != SCOPED_KEY_JSON_NO_ERROR);
        must(strlen(scoped_key_json_error_text(error)) != 0);
        must(own == NULL);
    }

    scoped_key_json_free(document);
    scoped_key_json_free(own);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree_t              tree;
    scoped_key_str_t    pointer, text;
    scoped_key_json_t  *document;

    pointer = fuzz_line(&data, &size);
    text = fuzz_copy(data, size);
    check_body(text, pointer);
    document = scoped_key_json_parse(text);

    if (document != NULL) {
        check_tree(document, &tree);
        check_walk(document, pointer, &tree);
    }

    check_too_deep(text);
    must(scoped_key_name_match(text, pointer, SCOPED_KEY_NAME_MEMBER)
         != SCOPED_KEY_NAME_SAME
         || scoped_key_str_equal(pointer, text));

    scoped_key_json_free(document);
    fuzz_free(pointer);
    fuzz_free(text);

    return 0;
}
