/*
 * machine.c - processors, names and load of Linux.
 *
 * source: proc(5), sched_setaffinity(2)
 */
#include "../machine.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "../../loop/check.h"

static cpu_set_t allowed;
static unsigned  allowed_count;
static pthread_once_t allowed_once = PTHREAD_ONCE_INIT;

/* Read once: a thread that was pinned would see its own place only. */
static void read_allowed(void)
{
    int failed = sched_getaffinity(0, sizeof allowed, &allowed);
    LOOP_ASSERT(!failed);
    allowed_count = (unsigned)CPU_COUNT(&allowed);
    LOOP_ASSERT(allowed_count > 0);
}

unsigned machine_processors(void)
{
    pthread_once(&allowed_once, read_allowed);
    return allowed_count;
}

void machine_pin(unsigned index)
{
    unsigned left = index % machine_processors();
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &allowed) || left-- > 0)
            continue;
        CPU_SET(cpu, &one);
        break;
    }
    sched_setaffinity(0, sizeof one, &one);
}

static void put_model(char *out, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        value += strspn(value, ": \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
        break;
    }
    if (file)
        fclose(file);
}

void machine_name(char out[MACHINE_NAME_MAX])
{
    struct utsname system;
    char model[96] = "";
    unsigned count = machine_processors();
    int failed = uname(&system);
    LOOP_ASSERT(!failed);
    put_model(model, sizeof model);
    snprintf(out, MACHINE_NAME_MAX, "%s, %u core%s, %.20s %.60s",
             *model ? model : system.machine, count, count == 1 ? "" : "s",
             system.sysname, system.release);
}

/* The first word of a file; false if there is none. */
static bool read_word(const char *path, char word[32])
{
    FILE *file = fopen(path, "r");
    bool found = file && fscanf(file, "%31s", word) == 1;
    if (file)
        fclose(file);
    return found;
}

#define PROCESSORS "/sys/devices/system/cpu/"

bool machine_scales(void)
{
    char word[32];
    return read_word(PROCESSORS "cpu0/cpufreq/scaling_governor", word) &&
           strcmp(word, "performance") != 0;
}

bool machine_boosts(void)
{
    char word[32];
    if (read_word(PROCESSORS "intel_pstate/no_turbo", word))
        return strcmp(word, "0") == 0;
    return read_word(PROCESSORS "cpufreq/boost", word) &&
           strcmp(word, "1") == 0;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double used_by(int who)
{
    struct rusage usage;
    getrusage(who, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/* cpu user nice system idle iowait irq softirq steal ... */
static bool read_ticks(double ticks[8])
{
    FILE *file = fopen("/proc/stat", "r");
    if (!file)
        return false;
    int found = fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf",
                       &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4],
                       &ticks[5], &ticks[6], &ticks[7]);
    fclose(file);
    return found == 8;
}

bool machine_load(struct load *out)
{
    struct timespec now;
    double ticks[8];
    if (!read_ticks(ticks))
        return false;
    double rate = (double)sysconf(_SC_CLK_TCK);
    clock_gettime(CLOCK_MONOTONIC, &now);
    *out = (struct load){
        .at = (double)now.tv_sec + (double)now.tv_nsec / 1e9,
        .busy = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]) / rate,
        .stolen = ticks[7] / rate,
        .own = used_by(RUSAGE_SELF) + used_by(RUSAGE_CHILDREN),
    };
    return true;
}

unsigned machine_handles(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;
    LOOP_ASSERT(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

unsigned machine_part(unsigned amount)
{
    return amount;
}

/* The letter after the name, which may hold anything but ends in the last
 * bracket. */
bool machine_sleeps(uint64_t thread)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/self/task/%llu/stat",
             (unsigned long long)thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = '\0';
    const char *bracket = strrchr(text, ')');
    return bracket && bracket[1] == ' ' && bracket[2] == 'S';
}
