/*
 * stacks.c - the stacks of another process, by the system's own walker.
 *
 * dbghelp is loaded when the first stack is wanted, so that nothing else
 * needs it; it is not made for several threads, hence the lock. It names the
 * functions that libraries export; those of the program come from coff.h.
 */
#include <windows.h>

#include "../stacks.h"

#include <dbghelp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tlhelp32.h>

#include "coff.h"
#include "wide.h"

#define THREADS_MAX 256
#define SYMBOL_NAME 256
#define TAKE_MS 20000           /* so long may it take to take them       */

static struct {
    SRWLOCK lock;
    bool    loaded;
    BOOL  (WINAPI *initialize)(HANDLE, PCSTR, BOOL);
    BOOL  (WINAPI *cleanup)(HANDLE);
    BOOL  (WINAPI *walk)(DWORD, HANDLE, HANDLE, LPSTACKFRAME64, PVOID,
                         PREAD_PROCESS_MEMORY_ROUTINE64,
                         PFUNCTION_TABLE_ACCESS_ROUTINE64,
                         PGET_MODULE_BASE_ROUTINE64,
                         PTRANSLATE_ADDRESS_ROUTINE64);
    PFUNCTION_TABLE_ACCESS_ROUTINE64 function_table;
    PGET_MODULE_BASE_ROUTINE64       module_base;
    BOOL  (WINAPI *from_address)(HANDLE, DWORD64, PDWORD64, PSYMBOL_INFO);
} help = { .lock = SRWLOCK_INIT };

struct module {
    uint64_t begin;
    uint64_t end;
    bool     own;
    char     name[64];
};

#define MODULES_MAX 128

struct look {
    struct stacks *s;               /* those below                          */
    struct stacks  stacks;
    HANDLE         process;
    DWORD          process_id;
    DWORD          witness;
    struct coff   *symbols;         /* of the program; NULL: none           */
    unsigned       module_count;
    struct module  module[MODULES_MAX];
    unsigned       thread_count;
    DWORD          id[THREADS_MAX];
    HANDLE         thread[THREADS_MAX];
};

static void find(HMODULE library, const char *name, void *out)
{
    FARPROC found = GetProcAddress(library, name);
    memcpy(out, &found, sizeof found);
}

static bool load_help(void)
{
    if (!help.loaded) {
        HMODULE library = LoadLibraryW(L"dbghelp.dll");
        help.loaded = true;
        if (library != NULL) {
            find(library, "SymInitialize", &help.initialize);
            find(library, "SymCleanup", &help.cleanup);
            find(library, "StackWalk64", &help.walk);
            find(library, "SymFunctionTableAccess64", &help.function_table);
            find(library, "SymGetModuleBase64", &help.module_base);
            find(library, "SymFromAddr", &help.from_address);
        }
    }
    return help.initialize != NULL && help.cleanup != NULL &&
           help.walk != NULL && help.function_table != NULL &&
           help.module_base != NULL && help.from_address != NULL;
}

/* Modules. */

static void add_module(struct look *l, const MODULEENTRY32W *entry)
{
    struct module *m = &l->module[l->module_count];
    *m = (struct module){
        .begin = (uintptr_t)entry->modBaseAddr,
        .end = (uintptr_t)entry->modBaseAddr + entry->modBaseSize,
        .own = l->module_count == 0 };
    if (!wide_to_text(entry->szModule, m->name, sizeof m->name))
        snprintf(m->name, sizeof m->name, "?");
    if (m->own)
        l->symbols = coff_open(entry->szExePath);
    l->module_count++;
}

/* The program itself comes first. */
static void read_modules(struct look *l, DWORD process)
{
    MODULEENTRY32W entry = { .dwSize = sizeof entry };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPMODULE, process);
    if (all == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Module32FirstW(all, &entry);
         more && l->module_count < MODULES_MAX;
         more = Module32NextW(all, &entry))
        add_module(l, &entry);
    CloseHandle(all);
}

static const struct module *module_at(const struct look *l, uint64_t address)
{
    for (unsigned i = 0; i < l->module_count; i++) {
        if (address >= l->module[i].begin && address < l->module[i].end)
            return &l->module[i];
    }
    return NULL;
}

/* Threads. */

static void hold(struct look *l, DWORD id)
{
    HANDLE h = OpenThread(THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT |
                          THREAD_QUERY_INFORMATION, FALSE, id);
    if (h == NULL)
        return;
    if (SuspendThread(h) == (DWORD)-1) {
        CloseHandle(h);
        return;
    }
    l->id[l->thread_count] = id;
    l->thread[l->thread_count++] = h;
}

static void hold_all(struct look *l, DWORD process, DWORD witness)
{
    THREADENTRY32 entry = { .dwSize = sizeof entry };
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    if (all == INVALID_HANDLE_VALUE)
        return;
    for (BOOL more = Thread32First(all, &entry);
         more && l->thread_count < THREADS_MAX;
         more = Thread32Next(all, &entry)) {
        if (entry.th32OwnerProcessID == process &&
            entry.th32ThreadID != witness)
            hold(l, entry.th32ThreadID);
    }
    CloseHandle(all);
}

static void let_go(struct look *l)
{
    for (unsigned i = 0; i < l->thread_count; i++) {
        ResumeThread(l->thread[i]);
        CloseHandle(l->thread[i]);
    }
}

/* Systems before Windows 10 know no names of threads. */
static void read_name(HANDLE thread, char *out, int cap)
{
    HRESULT (WINAPI *describe)(HANDLE, PWSTR *) = NULL;
    PWSTR name = NULL;
    find(GetModuleHandleW(L"kernel32.dll"), "GetThreadDescription",
         &describe);
    out[0] = '\0';
    if (describe == NULL || FAILED(describe(thread, &name)) || name == NULL)
        return;
    wide_to_text(name, out, cap);
    LocalFree(name);
}

/* Frames. */

static void name_exported(const struct look *l, uint64_t code,
                          struct stacks_frame *out, SYMBOL_INFO *symbol)
{
    DWORD64 inside = 0;
    symbol->SizeOfStruct = sizeof *symbol;
    symbol->MaxNameLen = SYMBOL_NAME;
    if (!help.from_address(l->process, code, &inside, symbol))
        return;
    out->name = symbol->Name;
    out->offset = inside;
}

/* What a return address points behind is the call that is meant. */
static void add_frame(struct look *l, uint64_t code, bool exact)
{
    union {
        SYMBOL_INFO info;
        char        room[sizeof(SYMBOL_INFO) + SYMBOL_NAME];
    } symbol = { 0 };
    const struct module *m = module_at(l, code);
    struct stacks_frame out = { .module = "?", .offset = code };
    if (m != NULL) {
        uint64_t address = code - m->begin;
        out.module = m->name;
        out.own = m->own;
        out.offset = address;
        if (m->own && l->symbols != NULL)
            out.name = coff_function(l->symbols, address - !exact,
                                     &out.offset);
        else
            name_exported(l, code - !exact, &out, &symbol.info);
        out.offset += out.name != NULL && !exact;
    }
    stacks_frame(l->s, &out);
}

#if defined(_M_ARM64) || defined(__aarch64__)
#define MACHINE IMAGE_FILE_MACHINE_ARM64
static void set_frame(STACKFRAME64 *f, const CONTEXT *c)
{
    f->AddrPC.Offset = c->Pc;
    f->AddrFrame.Offset = c->Fp;
    f->AddrStack.Offset = c->Sp;
}
#else
#define MACHINE IMAGE_FILE_MACHINE_AMD64
static void set_frame(STACKFRAME64 *f, const CONTEXT *c)
{
    f->AddrPC.Offset = c->Rip;
    f->AddrFrame.Offset = c->Rbp;
    f->AddrStack.Offset = c->Rsp;
}
#endif

/* The first step of the walker gives the frame that it begins with. */
static void add_stack(struct look *l, HANDLE thread)
{
    CONTEXT context = { .ContextFlags = CONTEXT_FULL };
    STACKFRAME64 frame = { .AddrPC.Mode = AddrModeFlat,
                           .AddrFrame.Mode = AddrModeFlat,
                           .AddrStack.Mode = AddrModeFlat };
    if (!GetThreadContext(thread, &context)) {
        stacks_say(l->s, "    its registers cannot be read");
        return;
    }
    set_frame(&frame, &context);
    for (int i = 0; i < STACKS_FRAMES; i++) {
        if (!help.walk(MACHINE, l->process, thread, &frame, &context, NULL,
                       help.function_table, help.module_base, NULL) ||
            frame.AddrPC.Offset == 0)
            break;
        add_frame(l, frame.AddrPC.Offset, i == 0);
    }
}

static void add_stacks(struct look *l)
{
    for (unsigned i = 0; i < l->thread_count; i++) {
        char name[64];
        read_name(l->thread[i], name, sizeof name);
        stacks_thread(l->s, l->id[i], name);
        add_stack(l, l->thread[i]);
    }
}

static void take(struct look *l, DWORD process, DWORD witness)
{
    if (!load_help() || !help.initialize(l->process, NULL, TRUE)) {
        stacks_say(l->s, "no stacks: dbghelp cannot be used here");
        return;
    }
    read_modules(l, process);
    hold_all(l, process, witness);
    add_stacks(l);
    let_go(l);
    coff_close(l->symbols);
    help.cleanup(l->process);
}

static DWORD WINAPI take_aside(void *memory)
{
    struct look *l = memory;
    AcquireSRWLockExclusive(&help.lock);
    take(l, l->process_id, l->witness);
    ReleaseSRWLockExclusive(&help.lock);
    return 0;
}

/* A thread that is asked for its registers where it cannot give them, such as
 * within the allocator of Wine, keeps the one who asks for ever. So another
 * asks; one that does not come back is left behind with what it looks at. */
static bool take_in_time(struct look *l)
{
    HANDLE thread = CreateThread(NULL, 0, take_aside, l, 0, NULL);
    if (thread == NULL)
        return false;
    bool done = WaitForSingleObject(thread, TAKE_MS) == WAIT_OBJECT_0;
    CloseHandle(thread);
    return done;
}

void stacks_take(struct stacks *s, uint64_t process, uint64_t witness)
{
    struct look *l = calloc(1, sizeof *l);
    if (l == NULL)
        return;
    l->s = &l->stacks;
    l->process_id = (DWORD)process;
    l->witness = (DWORD)witness;
    l->process = OpenProcess(PROCESS_QUERY_INFORMATION | PROCESS_VM_READ,
                             FALSE, (DWORD)process);
    if (l->process == NULL) {
        stacks_say(s, "no stacks: the process cannot be opened");
    } else if (!take_in_time(l)) {
        stacks_say(s, "no stacks: its threads do not answer");
        return;
    } else {
        *s = l->stacks;
        CloseHandle(l->process);
    }
    free(l);
}
