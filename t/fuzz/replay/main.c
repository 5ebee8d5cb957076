/*
 * Runs a fuzzer's function over the files of one directory, in place of
 * libFuzzer: replay NAME DIRECTORY.  Knows nothing of what is tested.
 * Each input lies in memory of exactly its size, so that the address sanitizer
 * sees the first byte read beyond it.  An input that fails ends the program;
 * the name of the last one begun is on standard error.
 */

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>


#define REPLAY_MAX_INPUT_BYTES  (8 * 1024 * 1024)
#define REPLAY_MAX_PATH_BYTES   4096


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* NULL: it could not be read whole; the caller frees */
static uint8_t *
replay_read(FILE *file, size_t *size)
{
    long      end;
    uint8_t  *data;

    if (fseek(file, 0, SEEK_END) != 0
        || (end = ftell(file)) < 0
        || end > REPLAY_MAX_INPUT_BYTES
        || fseek(file, 0, SEEK_SET) != 0)
    {
        return NULL;
    }

    *size = (size_t) end;

    data = malloc(*size > 0 ? *size : 1);

    if (data != NULL && fread(data, 1, *size, file) != *size) {
        free(data);
        return NULL;
    }

    return data;
}


static int
replay_input(const char *path)
{
    FILE     *file;
    size_t    size;
    uint8_t  *data;

    fprintf(stderr, "input %s\n", path);

    file = fopen(path, "rb");
    if (file == NULL) {
        return 0;
    }

    data = replay_read(file, &size);
    fclose(file);

    if (data == NULL) {
        return 0;
    }

    LLVMFuzzerTestOneInput(data, size);
    free(data);

    return 1;
}


static void
replay_directory(DIR *dir, const char *name, unsigned *passed,
    unsigned *failed)
{
    int             len;
    char            path[REPLAY_MAX_PATH_BYTES];
    struct dirent  *entry;

    while ((entry = readdir(dir)) != NULL) {

        if (entry->d_name[0] == '.') {
            continue;
        }

        len = snprintf(path, sizeof(path), "%s/%s", name, entry->d_name);

        if (len > 0 && (size_t) len < sizeof(path) && replay_input(path)) {
            (*passed)++;

        } else {
            fprintf(stderr, "cannot read %s\n", path);
            (*failed)++;
        }
    }
}


int
main(int argc, char **argv)
{
    DIR       *dir;
    unsigned   passed, failed;

    if (argc != 3) {
        fprintf(stderr, "usage: %s NAME DIRECTORY\n", argv[0]);
        return EXIT_FAILURE;
    }

    passed = 0;
    failed = 0;

    dir = opendir(argv[2]);
    if (dir != NULL) {
        replay_directory(dir, argv[2], &passed, &failed);
        closedir(dir);
    }

    if (passed == 0) {
        fprintf(stderr, "no input in %s\n", argv[2]);
        failed++;
    }

    printf("fuzz %s: %u passed, %u failed\n", argv[1], passed, failed);

    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
