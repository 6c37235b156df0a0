// SPDX-License-Identifier: MIT
// Leaves the sections that have every word that is typed; those that have it in their title or fields come as they stand.
(function () {
  var search = document.getElementById("search"), menu = document.getElementById("menu");
  var links = {};
  document.querySelectorAll("nav a").forEach(function (a) { links[a.hash.slice(1)] = a; });
  var sections = Array.from(document.querySelectorAll("main section")).map(function (element) {
    return { element: element, text: element.textContent.toLowerCase(), link: links[element.id] };
  });
  var headings = Array.from(document.querySelectorAll("main h2")), details = Array.from(document.querySelectorAll("nav details"));
  var open = details.map(function (d) { return d.open; });
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    sections.forEach(function (s) {
      var hit = words.every(function (word) { return s.text.includes(word); });
      s.element.hidden = !hit;
      if (s.link) s.link.parentNode.hidden = !hit;
      shown += hit ? 1 : 0;
    });
    headings.forEach(function (h) {
      var next = h.nextElementSibling, any = false;
      for (; next && next.tagName !== "H2"; next = next.nextElementSibling) any = any || !next.hidden;
      h.hidden = !any;
    });
    details.forEach(function (d, i) {
      d.hidden = words.length > 0 && !d.querySelector("li:not([hidden])");
      d.open = words.length > 0 ? true : open[i];
    });
    document.getElementById("none").hidden = shown > 0;
  }
  search.addEventListener("input", filter);
  document.addEventListener("keydown", function (e) {
    if (e.key === "/" && document.activeElement !== search) { e.preventDefault(); search.focus(); }
    if (e.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); search.blur(); }
  });
  document.querySelector("nav").addEventListener("click", function (e) { if (e.target.tagName === "A") menu.checked = false; });
})();
