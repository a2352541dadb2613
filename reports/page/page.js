"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  root.className = "js";

  const colour = name =>
    getComputedStyle(root).getPropertyValue("--" + name).trim();
  const seriesColour = slot => colour("c" + slot % 8);

  /* Three digits and a scale letter, as in the tables. */
  function short(value) {
    const scale = ["", " k", " M", " G", " T"];
    let step = 0;
    while (Math.abs(value) >= 999.5 && step < 4) {
      value /= 1000;
      step++;
    }
    return Number(value.toPrecision(3)) + scale[step];
  }

  function time(ns) {
    const units = [["s", 1e9], ["ms", 1e6], ["\u00b5s", 1e3], ["ns", 1]];
    const unit = units.find(u => Math.abs(ns) >= u[1]) || units[3];
    return Number((ns / unit[1]).toPrecision(3)) + " " + unit[0];
  }

  /* 1 / (1 - p), so 1000 is the 99.9th percentile. */
  function percentile(rank) {
    const digits = Math.max(0, Math.round(Math.log10(rank)) - 2);
    return "p" + Number((100 - 100 / rank).toFixed(digits));
  }

  function clock(seconds) {
    const s = Math.round(seconds);
    const pad = n => String(n).padStart(2, "0");
    return s < 3600 ? Math.floor(s / 60) + ":" + pad(s % 60)
      : Math.floor(s / 3600) + ":" + pad(Math.floor(s / 60) % 60) + ":" +
        pad(s % 60);
  }

  const wholeTimes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10800, 21600, 43200, 86400];
  const positive = list => list.map(v => v > 0 ? v : null);
  const labels = format => (u, marks) =>
    marks.map(v => v === null ? "" : format(v));

  function axis(format, more) {
    return Object.assign({
      stroke: colour("faint"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1, size: 4 },
      font: "12px system-ui, sans-serif",
      values: labels(format),
    }, more);
  }

  function line(name, slot, format, more) {
    return Object.assign({
      label: name,
      stroke: seriesColour(slot),
      width: 2,
      dash: slot >= 8 ? [6, 4] : undefined,
      value: (u, v) => v === null || v === undefined ? "" : format(v),
      spanGaps: true,
    }, more);
  }

  const legend = { markers: {
    width: 0,
    fill: (u, i) => i > 0 ? u.series[i].stroke(u, i) : null,
  } };

  function draw(box, options, tables) {
    /* A chart that is still in its box could hold the box open. */
    box.replaceChildren();
    const width = box.clientWidth;
    const size = { width: width, height: width < 480 ? 220 : 280 };
    new uPlot(Object.assign(size, { legend: legend }, options),
              uPlot.join(tables), box);
  }

  function drawSearch(box) {
    const field = box.dataset.field;
    draw(box, {
      cursor: { sync: { key: "search" }, drag: { x: true, y: false } },
      scales: {
        x: { time: false },
        y: { range: (u, low, high) => [0, high > 0 ? high * 1.08 : 1] },
      },
      axes: [axis(clock, { space: 56, incrs: wholeTimes }),
             axis(short, { size: 58 })],
      series: [{ label: "time", value: (u, v) => v === null ? "" : clock(v) }]
        .concat(data.search.map((s, i) => line(s.name, i, short, {
          points: { show: s.seconds.length < 40 },
        }))),
    }, data.search.map(s => [s.seconds, s[field]]));
  }

  /* Whole decades around the values, so that both ends have a mark. */
  function decades(u, low, high) {
    if (!(low > 0))
      return [0.1, 10];
    const first = Math.floor(Math.log10(low) + 1e-6);
    const last = Math.ceil(Math.log10(high) - 1e-6);
    return [10 ** first, 10 ** Math.max(last, first + 1)];
  }

  /* Over a short range 1, 2, 5 are marked; over a long one decades only. */
  function marks(u, index, low, high) {
    const list = [];
    const few = high / low > 2000 ? [1] : [1, 2, 5];
    const first = Math.floor(Math.log10(low));
    for (let d = first; 10 ** d <= high * 1.0001; d++)
      for (const f of few)
        if (f * 10 ** d <= high * 1.0001)
          list.push(Number((f * 10 ** d).toPrecision(3)));
    return list;
  }

  const logScale = range => ({ time: false, distr: 3, log: 10, range: range });
  const logAxis = (format, more) =>
    axis(format, Object.assign({ splits: marks, filter: (u, v) => v }, more));

  function drawCurves(box) {
    const chart = data.curves[box.dataset.index];
    const format = chart.time ? time : short;
    const last = Math.max(...chart.series.map(s => s.x[s.x.length - 1]));
    draw(box, {
      cursor: { drag: { x: true, y: false } },
      scales: { x: logScale([1, Math.max(last, 10)]), y: logScale(decades) },
      axes: [
        logAxis(percentile, {
          splits: () => [2, 10, 100, 1e3, 1e4, 1e5, 1e6]
            .filter(v => v <= Math.max(last, 10)),
        }),
        logAxis(format, { size: 66 }),
      ],
      series: [{
        label: "percentile",
        value: (u, v) => v === null ? "" : percentile(v),
      }].concat(chart.series.map(s =>
        line(s.name, s.slot, format, { points: { show: false } }))),
    }, chart.series.map(s => [s.x, positive(s.y)]));
  }

  function drawSweeps(box) {
    const chart = data.sweeps[box.dataset.index];
    const format = chart.time ? time : short;
    const all = chart.series.flatMap(s => s.x);
    const wide = Math.min(...all) > 0 &&
      Math.max(...all) / Math.min(...all) >= 20;
    draw(box, {
      cursor: { drag: { x: true, y: false } },
      scales: {
        x: wide ? logScale(decades) : { time: false },
        y: logScale(decades),
      },
      axes: [
        wide ? logAxis(short, { label: chart.along, labelSize: 20,
                                labelFont: "12px system-ui, sans-serif" })
          : axis(short, { label: chart.along, labelSize: 20,
                          labelFont: "12px system-ui, sans-serif" }),
        logAxis(format, { size: 66 }),
      ],
      series: [{ label: chart.along, value: (u, v) =>
        v === null ? "" : short(v) }].concat(chart.series.map(s =>
        line(s.name, s.slot, format, { points: { show: true, size: 6 } }))),
    }, chart.series.map(s => [s.x, positive(s.y)]));
  }

  const drawers = { search: drawSearch, curves: drawCurves,
                    sweeps: drawSweeps };

  function drawAll() {
    for (const box of document.querySelectorAll(".chart"))
      drawers[box.dataset.chart](box);
  }

  /* Opened from a disk a page may lack the clipboard; a selected text can
   * still be copied. */
  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch (error) {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  for (const button of document.querySelectorAll(".copy")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }

  /* Only the width matters: drawing changes the height by itself. */
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth === width)
      return;
    width = document.body.clientWidth;
    requestAnimationFrame(drawAll);
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)")
    .addEventListener("change", drawAll);
})();
