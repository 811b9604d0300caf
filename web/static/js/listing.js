/* The list of assets: menus that close by themselves, all rows of a page ticked at once, and what the ticked cost. */
(function () {
  'use strict';
  var root = document.documentElement;

  function menus() { return document.querySelectorAll('details[data-menu][open]'); }
  document.addEventListener('click', function (event) {
    menus().forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener('keydown', function (event) {
    if (event.key !== 'Escape') return;
    menus().forEach(function (menu) { menu.open = false; menu.querySelector('summary').focus(); });
  });

  function boxes(form) { return Array.from(form.querySelectorAll('td.pick input[name=id]')); }

  /* the box above the boxes stands for those of the page */
  function dress() {
    document.querySelectorAll('table.pickable thead .pick[data-all]').forEach(function (head) {
      if (head.querySelector('input')) return;
      var box = document.createElement('input');
      box.type = 'checkbox';
      box.setAttribute('aria-label', head.dataset.all);
      head.replaceChildren(box);
      box.addEventListener('change', function () {
        boxes(box.form).forEach(function (one) { one.checked = box.checked; });
        box.dispatchEvent(new Event('counted', { bubbles: true }));
      });
    });
    count();
  }

  function count() {
    document.querySelectorAll('[data-sum]').forEach(function (line) {
      var form = line.closest('form'), all = boxes(form), ticked = all.filter(function (one) { return one.checked; });
      var whole = form.querySelector('input[name=whole]');
      var head = form.querySelector('thead .pick input');
      if (head) {
        head.checked = ticked.length > 0 && ticked.length === all.length;
        head.indeterminate = ticked.length > 0 && ticked.length < all.length;
      }
      var grosze = ticked.reduce(function (sum, one) { return sum + Number(one.dataset.grosze || 0); }, 0);
      var money = (grosze / 100).toLocaleString(root.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
      line.textContent = whole && whole.checked ? line.dataset.whole : line.dataset.sum.replace('#', money);
      var number = form.querySelector('[data-count]');
      var many = whole && whole.checked ? Number(whole.dataset.total) : ticked.length;
      number.textContent = number.dataset.count.replace('#', many.toLocaleString(root.lang));
    });
  }
  document.addEventListener('change', function (event) { if (event.target.closest('form')) setTimeout(count); });
  document.addEventListener('counted', count);
  document.addEventListener('htmx:after:swap', dress);
  addEventListener('pageshow', dress);
})();
