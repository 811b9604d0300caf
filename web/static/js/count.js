/* Counting in hand: a code that the camera or a handheld reader read is sent at once, without leaving the page. Where there
   is no network it waits in this browser and is sent once, each with its key. What is refused stays in this browser too,
   with the reason, until somebody has settled it. Without it the page is a form. */
(function () {
  'use strict';
  var form = document.getElementById('count-form');
  if (!form || !window.fetch || !window.izbaSend) return;
  var words = form.dataset, STORE = 'izba-count-' + words.person + '-' + words.stocktake, AGAIN = 10000;
  var field = document.getElementById('code'), answer = document.getElementById('count-answer'), tally = document.getElementById('tally');
  var waits = document.getElementById('count-waits'), total = document.getElementById('count-total'), camera = document.getElementById('camera');
  var unsettled = document.getElementById('count-unsettled'), UNSETTLED = STORE + '-unsettled', ENTRY = ['code', 'name', 'serial_no', 'quantity', 'note'];
  var isSending = false, queue = read(STORE), refused = read(UNSETTLED), seen = {};

  function read(name) { try { return JSON.parse(localStorage.getItem(name)) || []; } catch (fault) { return []; } }
  function store() {
    try {
      localStorage.setItem(UNSETTLED, JSON.stringify(refused));
      localStorage.setItem(STORE, JSON.stringify(queue));
    } catch (fault) { /* full: the page goes on */ }
  }
  function key() { return crypto.randomUUID ? crypto.randomUUID() : String(Date.now()) + Math.random(); }

  function draw() {
    waits.hidden = !queue.length;
    waits.querySelector('[data-many]').textContent = words.waits.replace('{many}', queue.length);
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
        refused.splice(refused.indexOf(one), 1);
        if (button.name === 'again') queue.push({ key: one.key, body: body });
        if (button.name === 'change') fill(one);
        store();
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
      quantity: whole(form.elements.quantity.value.trim()), condition: form.querySelector('[name=condition]:checked').value, note: form.elements.note.value.trim(), at: new Date().toISOString() };
    if (!body.code && !body.name) { field.focus(); return; }
    queue.push({ key: key(), body: body });
    ENTRY.forEach(function (name) {
      form.elements[name].value = '';
      form.elements[name].removeAttribute('aria-invalid');
    });
    form.elements.quantity.value = '1';
    form.querySelector('[name=condition][value=ok]').checked = true;
    store();
    send();
  }

  /* One after another, in the order in which it was counted. */
  function send() {
    if (isSending || !queue.length) return draw();
    isSending = true;
    var one = queue[0];
    window.izbaSend('/api/v1/stocktakes/' + words.stocktake + '/scans', {
      method: 'POST', credentials: 'same-origin', body: JSON.stringify(one.body),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': one.key, 'Accept-Language': document.documentElement.lang, 'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content }
    }).then(function (reply) {
      if (reply.status === 401 || reply.status === 429 || reply.status >= 500) throw new Error('away');
      return reply.json().catch(function (fault) { if (reply.ok) throw fault; return {}; }).then(function (row) {
        queue.shift();
        if (reply.ok) put(row); else settle(one, row, reply.status);
        store();
        isSending = false;
        send();
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
    refused.push(one);
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

  form.addEventListener('submit', function (event) { event.preventDefault(); take(); field.focus(); });
  if (camera && window.izbaCamera) window.izbaCamera(camera, function (code) { field.value = code; take(); });
  window.addEventListener('online', send);
  draw();
  send();
})();
