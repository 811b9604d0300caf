/* Photos and papers: chosen or dropped, they are sent one after another, and the page says how far it is. Without this
   the form sends them together. */
(function () {
  'use strict';

  function token() { return document.querySelector('meta[name=csrf-token]').content; }

  async function send(form, file) {
    var body = new FormData();
    body.append('file', file, file.name);
    var kind = form.elements.kind.value;
    if (kind) body.append('kind', kind);
    var answer = await fetch(form.dataset.files, {
      method: 'POST', body: body, headers: { 'X-CSRF-Token': token(), 'Accept-Language': document.documentElement.lang }
    });
    if (answer.ok) return '';
    var problem = await answer.json().catch(function () { return {}; });
    return problem.detail || form.dataset.failed;
  }

  async function sendAll(form, files) {
    var line = form.querySelector('.sending'), faults = [];
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
    form.reset();
  }

  document.querySelectorAll('form[data-files]').forEach(function (form) {
    var field = form.querySelector('input[type=file]'), drop = form.querySelector('.drop');
    form.dataset.scripted = '';
    field.addEventListener('change', function () { sendAll(form, Array.from(field.files)); });
    form.addEventListener('submit', function (event) { event.preventDefault(); sendAll(form, Array.from(field.files)); });
    ['dragenter', 'dragover'].forEach(function (name) {
      drop.addEventListener(name, function (event) { event.preventDefault(); drop.dataset.over = ''; });
    });
    ['dragleave', 'drop'].forEach(function (name) {
      drop.addEventListener(name, function () { delete drop.dataset.over; });
    });
    drop.addEventListener('drop', function (event) {
      event.preventDefault();
      sendAll(form, Array.from(event.dataTransfer.files));
    });
  });
}());
