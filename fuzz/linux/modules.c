#include "modules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define PATH_MAX_HERE 1024
#define LENT_MAX      65536     /* bytes of code that the kernel lends       */

/* The kernel's own code is in no file, but is an ELF image all the same. */
static struct image *copy_lent(pid_t thread, const struct module *m)
{
    size_t size = (size_t)(m->end - m->begin);
    if (size > LENT_MAX)
        return NULL;
    void *bytes = malloc(size);
    struct image *image = NULL;
    struct iovec here = { bytes, size };
    struct iovec there = { (void *)(uintptr_t)m->begin, size };
    if (bytes != NULL &&
        process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)size)
        image = image_copy(bytes, size);
    free(bytes);
    return image;
}

/* The program's own file is opened through the process: it may have been
 * replaced or removed since. */
static void open_image(struct module *m, pid_t thread, const char *path)
{
    char exe[64];
    uint64_t address;
    snprintf(exe, sizeof exe, "/proc/%d/exe", (int)thread);
    if (m->own)
        m->image = image_open(exe);
    else if (*path == '/')
        m->image = image_open(path);
    else if (!strcmp(path, "[vdso]"))
        m->image = copy_lent(thread, m);
    if (m->image != NULL && image_address(m->image, m->offset, &address))
        m->bias = m->begin - address;
}

static void add_module(struct modules *all, pid_t thread, const char *line,
                       const char *program)
{
    struct module *m = &all->module[all->count];
    char access[8];
    int path_at = 0;
    *m = (struct module){ 0 };
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n",
               &m->begin, &m->end, access, &m->offset, &path_at) < 4 ||
        access[2] != 'x')
        return;
    const char *path = line + path_at;
    const char *slash = strrchr(path, '/');
    snprintf(m->name, sizeof m->name, "%s",
             slash != NULL ? slash + 1 : *path != '\0' ? path : "?");
    m->own = !strcmp(path, program);
    open_image(m, thread, path);
    all->count++;
}

void modules_read(struct modules *m, pid_t thread)
{
    char path[64], program[PATH_MAX_HERE], line[PATH_MAX_HERE + 128];
    m->count = 0;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)thread);
    ssize_t size = readlink(path, program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    snprintf(path, sizeof path, "/proc/%d/maps", (int)thread);
    FILE *maps = fopen(path, "re");
    while (maps != NULL && m->count < MODULES_MAX &&
           fgets(line, sizeof line, maps) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        add_module(m, thread, line, program);
    }
    if (maps != NULL)
        fclose(maps);
}

void modules_free(struct modules *m)
{
    for (unsigned i = 0; i < m->count; i++)
        image_close(m->module[i].image);
    m->count = 0;
}

const struct module *modules_find(const struct modules *m, uint64_t address)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (address >= m->module[i].begin && address < m->module[i].end)
            return &m->module[i];
    }
    return NULL;
}
