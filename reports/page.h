/*
 * page.h - results as one self-contained HTML page.
 *
 * The page is readable without its script: every figure is in a table that
 * is written here. The script adds charts and buttons. Nothing in the page
 * names another machine, and its own policy forbids the browser to ask one.
 * The same results make the same page, byte for byte.
 */
#ifndef REPORTS_PAGE_H
#define REPORTS_PAGE_H

#include "results.h"
#include "text.h"

/*
 * Write the page.
 *
 *   source  where the results were read from, for the footer
 */
void page_write(struct text *page, const struct results *results,
                const char *source);

#endif
