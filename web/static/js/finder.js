/* The one search as a dialog: it answers while somebody types; arrows walk through what it found, Enter opens, Esc
   closes. Its form goes to the page of the search, which answers the same. */
(function () {
  'use strict';
  var dialog = document.getElementById('finder-dialog'), form = dialog.querySelector('form'), field = form.elements.q;
  var hits = dialog.querySelector('[data-hits]'), told = dialog.querySelector('[role=status]'), wait, asked;

  function links() { return Array.from(hits.querySelectorAll('a')); }

  function ask() {
    var text = field.value.trim();
    clearTimeout(wait);
    if (asked) asked.abort();
    if (!text) { hits.replaceChildren(); told.textContent = ''; return; }
    wait = setTimeout(function () {
      asked = new AbortController();
      fetch('/search?q=' + encodeURIComponent(text), {
        credentials: 'same-origin', signal: asked.signal, headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' },
      }).then(function (answer) {
        if (answer.status === 401 || answer.redirected) return location.assign('/search?q=' + encodeURIComponent(text));
        return answer.ok && answer.text().then(function (part) {
          hits.innerHTML = part;
          told.textContent = told.dataset.found.replace('#', links().length);
        });
      }).catch(function () { /* another word came, or the line is down: Enter asks the page */ });
    }, 120);
  }

  function step(by) {
    var all = links(), place = all.indexOf(document.activeElement) + by;
    if (!all.length) return;
    if (place < 0) return field.focus();
    all[Math.min(place, all.length - 1)].focus();
  }

  dialog.addEventListener('keydown', function (event) {
    if (event.key === 'Escape') {  // a search box would only empty itself
      event.preventDefault();
      dialog.close();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      step(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.matches('a')) {
      field.focus();
    }
  });
  field.addEventListener('input', ask);
  dialog.querySelector('[data-close]').addEventListener('click', function () { dialog.close(); });
  dialog.addEventListener('click', function (event) { if (event.target === dialog) dialog.close(); });
  addEventListener('pagehide', function () { dialog.close(); });

  window.izbaFinder = function (text) {
    if (dialog.open) return;
    dialog.showModal();
    if (text) field.value = text;
    field.focus();
    if (!text) field.select();
    ask();
  };
})();
