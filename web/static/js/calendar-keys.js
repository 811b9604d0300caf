/* The calendar by keys: each of its ways that names a key goes by it, unless the reader turned keys off. And its filters
   without a page in between. */
(function () {
  'use strict';
  document.addEventListener('keydown', function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
    if (event.target.closest('input, textarea, select, summary, [contenteditable], dialog, .scroll-x, .lane-box')) return;
    var key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    var way = document.querySelector('#calendar-head [aria-keyshortcuts="' + CSS.escape(key) + '"]');
    if (!way) return;
    event.preventDefault();
    way.click();
  });
  document.addEventListener('change', function (event) {
    var form = event.target.closest('[data-filters]');
    if (!form || event.target.type !== 'checkbox' || event.target.name === 'room') return; // rooms are chosen together
    history.replaceState(null, '', form.getAttribute('action') + '?' + new URLSearchParams(new FormData(form)));
    window.izba.refresh();
  });
})();
