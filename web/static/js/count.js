/* Counting in hand: a code that the camera or a handheld reader read is sent at once, without leaving the page. Where there
   is no network it waits in this browser and is sent once, each with its key. What is refused stays in this browser too,
   with the reason, until somebody has settled it. Each entry has a place of its own in the browser's store, so that two
   tabs hold the same and neither writes over what the other counted. Without it the page is a form. */
(function () {
  'use strict';
  var form = document.getElementById('count-form');
  if (!form || !window.fetch || !window.izbaSend) return;
  var words = form.dataset, STORE = 'izba-count-' + words.person + '-' + words.stocktake, AGAIN = 10000;
  var field = document.getElementById('code'), answer = document.getElementById('count-answer'), tally = document.getElementById('tally');
  var waits = document.getElementById('count-waits'), total = document.getElementById('count-total'), camera = document.getElementById('camera');
  var unsettled = document.getElementById('count-unsettled'), ENTRY = ['code', 'name', 'serial_no', 'quantity', 'note'];
  // the server's clock: a phone whose own is slow would say that it counted before an area was begun anew
  var skew = Date.parse(document.getElementById('tally-now').dataset.time) - Date.now();
  var later, isSending = false, seen = {}, unstored = {}; // what the browser does not store, because it is full or may not

  function key() { return crypto.randomUUID ? crypto.randomUUID() : String(Date.now()) + Math.random(); }
  function place(one) { return STORE + ':' + one.key; }
  function write(one) {
    try { localStorage.setItem(place(one), JSON.stringify(one)); delete unstored[one.key]; } catch (fault) { unstored[one.key] = one; }
  }
  function drop(one) {
    delete unstored[one.key];
    try { localStorage.removeItem(place(one)); } catch (fault) { /* nothing is stored there */ }
  }
  /* All that waits or was refused, of all tabs, in the order in which it was counted. */
  function entries() {
    var all = Object.assign({}, unstored);
    try {
      Object.keys(localStorage).forEach(function (name) {
        if (name.indexOf(STORE + ':') !== 0) return;
        var one = JSON.parse(localStorage.getItem(name));
        all[one.key] = one;
      });
    } catch (fault) { /* the browser stores nothing */ }
    return Object.keys(all).map(function (name) { return all[name]; }).sort(function (one, other) { return one.since - other.since; });
  }
  function isRefused(one) { return 'reason' in one; }
  function waiting() { return entries().filter(function (one) { return !isRefused(one); }); }

  function draw() {
    var many = waiting().length, refused = entries().filter(isRefused);
    waits.hidden = !many;
    waits.querySelector('[data-many]').textContent = words.waits.replace('{many}', many);
    unsettled.hidden = !refused.length;
    unsettled.querySelector('ul').replaceChildren.apply(unsettled.querySelector('ul'), refused.map(lineOf));
  }

  /* A refused entry with its reason: sent again as it was, put into the form again, or given up. */
  function lineOf(one) {
    var line = unsettled.querySelector('template').content.firstElementChild.cloneNode(true), body = one.body;
    line.querySelector('strong').textContent = (body.code || body.name) + (String(body.quantity) === '1' ? '' : ' × ' + body.quantity);
    line.querySelector('small').textContent = [body.room, one.reason].join(' · ');
    line.querySelectorAll('button').forEach(function (button) {
      button.setAttribute('aria-label', button.textContent.trim() + ': ' + (body.code || body.name));
      button.addEventListener('click', function () {
        drop(one);
        if (button.name === 'again') write({ key: one.key, since: one.since, body: body });
        if (button.name === 'change') fill(one);
        send();
      });
    });
    return line;
  }

  function fill(one) {
    ENTRY.forEach(function (name) { form.elements[name].value = one.body[name]; });
    form.querySelector('[name=condition][value=' + one.body.condition + ']').checked = true;
    form.elements.quantity.closest('details').open = true;
    var wrong = ENTRY.indexOf(one.field) < 0 ? field : form.elements[one.field];
    if (wrong !== field) wrong.setAttribute('aria-invalid', 'true');
    tell('bad', one.body.code || one.body.name, one.reason);
    wrong.focus();
  }

  function tell(tone, title, detail) {
    answer.hidden = false;
    answer.dataset.tone = tone;
    answer.querySelector('strong').textContent = title;
    answer.querySelector('span').textContent = detail;
  }

  /* What was typed, as it was typed where it is no whole number: the server says what is wrong with it. */
  function whole(text) { return /^\d{1,9}$/.test(text) ? Number(text) : text; }

  function take() {
    var body = { room: form.elements.room.value, code: field.value.trim(), name: form.elements.name.value.trim(), serial_no: form.elements.serial_no.value.trim(),
      quantity: whole(form.elements.quantity.value.trim()), condition: form.querySelector('[name=condition]:checked').value, note: form.elements.note.value.trim(), at: new Date(Date.now() + skew).toISOString() };
    if (!body.code && !body.name) { field.focus(); return; }
    write({ key: key(), since: performance.timeOrigin + performance.now(), body: body });
    ENTRY.forEach(function (name) {
      form.elements[name].value = '';
      form.elements[name].removeAttribute('aria-invalid');
    });
    form.elements.quantity.value = '1';
    form.querySelector('[name=condition][value=ok]').checked = true;
    send();
  }

  /* One after another, in the order in which it was counted, and by one tab: each holds a lock while it sends. Where a
     browser has none two may send the same at once, which its key makes one. */
  function send() {
    if (isSending || !waiting().length) return draw();
    isSending = true;
    if (!navigator.locks) return post();
    navigator.locks.request(STORE, post);
  }

  function post() {
    var one = waiting()[0];
    if (!one) { isSending = false; return draw(); }
    return window.izbaSend('/api/v1/stocktakes/' + words.stocktake + '/scans', {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(one.body),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': one.key, 'Accept-Language': document.documentElement.lang, 'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content }
    }).then(function (reply) {
      if (reply.status === 401 || reply.status === 429 || reply.status >= 500) throw new Error('away');
      return reply.json().catch(function (fault) { if (reply.ok) throw fault; return {}; }).then(function (row) {
        if (reply.ok) { drop(one); put(row); } else settle(one, row, reply.status);
        isSending = false;
        setTimeout(send);
      });
    }).catch(function () {
      isSending = false;
      draw();
      setTimeout(send, AGAIN);
    });
  }

  /* Refused: it waits here until somebody has settled it. */
  function settle(one, row, status) {
    one.reason = row.detail || row.title || String(status);
    one.field = (row.params || {}).field || '';
    write(one);
    tell('bad', one.body.code || one.body.name, one.reason);
  }

  function put(row) {
    var thing = String(row.asset || row.mark || row.code);
    tell(row.asset ? 'good' : 'warn', row.name || row.code, [row.inventory_no, row.mark].filter(Boolean).join(', '));
    if (!seen[thing]) { seen[thing] = true; total.textContent = Number(total.textContent) + 1; }
    var line = document.createElement('li'), span = document.createElement('span'), small = document.createElement('small'), time = document.createElement('time');
    span.textContent = (row.name || row.code) + (row.quantity > 1 ? ' × ' + row.quantity : '');
    small.textContent = [row.inventory_no, row.mark, row.room, row.person].filter(Boolean).join(' · ');
    time.textContent = new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(new Date(row.at));
    span.appendChild(small);
    line.append(span, time);
    tally.prepend(line);
    draw();
  }

  /* What a page of before kept in one list. */
  function adopt() {
    [STORE, STORE + '-unsettled'].forEach(function (name) {
      try {
        (JSON.parse(localStorage.getItem(name)) || []).forEach(function (one, order) { one.since = order; write(one); });
        localStorage.removeItem(name);
      } catch (fault) { /* nothing is stored there */ }
    });
  }

  form.addEventListener('submit', function (event) { event.preventDefault(); take(); field.focus(); });
  if (camera && window.izbaCamera) window.izbaCamera(camera, function (code) { field.value = code; take(); });
  window.addEventListener('online', send);
  // another tab counted, or was closed before it had sent everything
  window.addEventListener('storage', function () { clearTimeout(later); later = setTimeout(send, 1000); });
  adopt();
  draw();
  send();
})();
