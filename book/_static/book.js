/* What scrolls can be reached with the keyboard, whenever it comes to scroll. */
(() => {
  const reach = () => document.querySelectorAll("main .dt-scroll-body, main .cell_output, main .pst-scrollable-table-container, main pre").forEach(e => {
    if (e.scrollWidth > e.clientWidth && !e.hasAttribute("tabindex")) e.tabIndex = 0;
  });
  let due = 0;
  const soon = () => { due = due || requestAnimationFrame(() => { due = 0; reach(); }); };
  addEventListener("DOMContentLoaded", () => {
    reach();
    new MutationObserver(soon).observe(document.querySelector("main"), {childList: true, subtree: true, attributeFilter: ["style", "class"]});
  });
  for (const when of ["load", "resize"]) addEventListener(when, reach);
})();
