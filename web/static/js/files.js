/* Photos and papers are sent one after another, and the page says how far it is; without this the form sends them
   together. What is chosen or dropped waits for the button where what it is can be said, for that tells who sees it. */
(function () {
  'use strict';

  async function send(form, file) {
    var body = new FormData();
    body.append('file', file, file.name);
    var kind = form.elements.kind.value;
    if (kind) body.append('kind', kind);
    var token = document.querySelector('meta[name=csrf-token]').content;
    var answer = await window.izbaSend(form.dataset.files, {
      method: 'POST', body: body, headers: { 'X-CSRF-Token': token, 'Accept-Language': document.documentElement.lang }
    });
    if (answer.ok) return '';
    var problem = await answer.json().catch(function () { return {}; });
    return problem.detail || form.dataset.failed;
  }

  async function sendAll(form) {
    var line = form.querySelector('.sending'), field = form.elements.file, files = Array.from(field.files), faults = [];
    if (form.dataset.busy || !files.length) return;
    form.dataset.busy = '1';
    line.hidden = false;
    for (var number = 0; number < files.length; number++) {
      line.textContent = form.dataset.sending.replace('{n}', number + 1).replace('{of}', files.length);
      var fault = await send(form, files[number]).catch(function () { return form.dataset.failed; });
      if (fault) faults.push(fault);
    }
    delete form.dataset.busy;
    if (!faults.length) {
      location.href = location.pathname + '?done=files#files';
      if (location.search.indexOf('done=files') >= 0) location.reload();
      return;
    }
    line.setAttribute('role', 'alert');
    line.textContent = faults.join(' ');
    field.value = '';
  }

  document.querySelectorAll('form[data-files]').forEach(function (form) {
    var field = form.elements.file, drop = form.querySelector('.drop');
    form.dataset.scripted = '';
    if (form.elements.kind.type === 'hidden') field.addEventListener('change', function () { sendAll(form); });
    form.addEventListener('submit', function (event) { event.preventDefault(); sendAll(form); });
    ['dragenter', 'dragover'].forEach(function (name) {
      drop.addEventListener(name, function (event) { event.preventDefault(); drop.dataset.over = ''; });
    });
    ['dragleave', 'drop'].forEach(function (name) {
      drop.addEventListener(name, function () { delete drop.dataset.over; });
    });
    drop.addEventListener('drop', function (event) {
      event.preventDefault();
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event('change'));
    });
  });
}());
