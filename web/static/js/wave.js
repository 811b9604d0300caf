/* What a device says, as it says it. Without it the page shows what was said when it was opened. */
(function () {
  'use strict';
  var box = document.querySelector('[data-wave]');
  if (!box || !window.EventSource) return;
  var source = new EventSource(box.dataset.wave);
  source.onmessage = function (event) { box.innerHTML = event.data; };
  addEventListener('pagehide', function () { source.close(); });
})();
