/* A card opens where a link leads to it. */
(() => {
  const open = () => {
    const card = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (card?.tagName !== "DETAILS") return;
    card.open = true;
    card.scrollIntoView();
  };
  for (const when of ["load", "hashchange"]) addEventListener(when, open);
  addEventListener("click", e => {  // the same link once more
    if (e.target.closest?.("a")?.hash === location.hash && location.hash) setTimeout(open);
  });
})();
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
