/* What scrolls can be reached with the keyboard. */
(() => {
  const reach = () => document.querySelectorAll("main .dt-scroll-body, main .cell_output, main .pst-scrollable-table-container, main pre").forEach(e => {
    if (e.scrollWidth > e.clientWidth && !e.hasAttribute("tabindex")) e.tabIndex = 0;
  });
  addEventListener("load", () => { reach(); setTimeout(reach, 400); });
  addEventListener("resize", reach);
})();
