/* links: core/json core/json_walk core/name_match core/text -ljansson */

/*
 * First line a pointer, then a document.  What is parsed is no deeper than
 * the limit, holds no NUL, and no member twice.  A walk that is not refused
 * gives no more values than there are, and gives them again when asked again.
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


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree_t              tree;
    scoped_key_str_t    pointer, text;
    scoped_key_json_t  *document;

    pointer = fuzz_line(&data, &size);
    text = fuzz_copy(data, size);
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
