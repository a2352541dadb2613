/*
 * machine.c - Windows or Wine, and when its threads sleep.
 */
#include "../process.h"

#include <windows.h>

#define SETTLE_MS 30

/* Wine's ntdll has a function that Windows' has not. */
enum column column_here(const char *program)
{
    (void)program;
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    return GetProcAddress(ntdll, "wine_get_version") ? COLUMN_WINE
                                                     : COLUMN_WINDOWS;
}

/* Nothing tells who sleeps. A time that is long for a thread that is about
 * to is the best there is; a rule that leans on it asks several times. */
void settle(void)
{
    Sleep(SETTLE_MS);
}
