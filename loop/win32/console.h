/*
 * console.h - the handler through which Windows tells console events.
 */
#ifndef LOOP_WIN32_CONSOLE_H
#define LOOP_WIN32_CONSOLE_H

#include <windows.h>

#include <stdbool.h>

/*
 * Tell every watcher of os.h of one event.
 *
 *   type      CTRL_C_EVENT and its like
 *   returns   FALSE if nobody watches: the next handler is to be asked.
 *             After an event that ends the process, not before all watchers
 *             have gone
 *   threads   one of the system's for each event, several at once
 *   source    HandlerRoutine
 */
BOOL WINAPI console_control(DWORD type);

#endif
