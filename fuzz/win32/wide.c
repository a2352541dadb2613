#include "wide.h"

bool wide_from_text(const char *text, wchar_t *out, int cap)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, out,
                               cap) > 0;
}

bool wide_to_text(const wchar_t *wide, char *out, int cap)
{
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, cap, NULL, NULL) > 0)
        return true;
    out[0] = '\0';
    return false;
}

bool wide_to_path(const wchar_t *wide, char *out, int cap)
{
    bool fits = wide_to_text(wide, out, cap);
    for (char *letter = out; *letter; letter++)
        if (*letter == '\\')
            *letter = '/';
    return fits;
}

/* The system's words end in a full stop and a new line. */
int wide_fail(char why[HOST_WHY], const char *what, const char *path)
{
    DWORD error = GetLastError();
    wchar_t wide[HOST_WHY];
    char text[HOST_WHY];
    DWORD size = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM |
                                    FORMAT_MESSAGE_IGNORE_INSERTS,
                                NULL, error, 0, wide, HOST_WHY, NULL);
    while (size > 0 && (wide[size - 1] <= L' ' || wide[size - 1] == L'.'))
        size--;
    wide[size] = L'\0';
    if (size > 0 && wide_to_text(wide, text, sizeof text))
        snprintf(why, HOST_WHY, "%s %s: %s", what, path, text);
    else
        snprintf(why, HOST_WHY, "%s %s: error %lu", what, path, error);
    return -1;
}
