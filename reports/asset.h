/*
 * asset.h - the files that are part of the program.
 *
 * The build turns each file of page/ and vendor/ into an array whose name is
 * the file's, with _ for what C does not allow in a name. Every array ends
 * in a 0 that its size does not count.
 *
 * source  uPlot 1.6.32, MIT licence, in vendor/ as its authors publish it
 */
#ifndef REPORTS_ASSET_H
#define REPORTS_ASSET_H

#include <stddef.h>

extern const unsigned char page_html[];     /* page/page.html          */
extern const size_t        page_html_size;
extern const unsigned char page_css[];      /* page/page.css           */
extern const size_t        page_css_size;
extern const unsigned char page_js[];       /* page/page.js            */
extern const size_t        page_js_size;

extern const unsigned char uPlot_iife_min_js[];
extern const size_t        uPlot_iife_min_js_size;
extern const unsigned char uPlot_min_css[];
extern const size_t        uPlot_min_css_size;
extern const unsigned char uPlot_LICENSE[];
extern const size_t        uPlot_LICENSE_size;

#endif
