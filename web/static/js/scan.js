/* The scan desk: what the camera or a handheld reader read is asked for at once and listed, the newest on top. Where there
   is no network it waits in this browser and is sent once, each with its key. Without it the page is a form. */
(function () {
  'use strict';
  var desk = document.getElementById('scan-desk');
  if (!desk || !window.fetch) return;
  var words = desk.dataset, mayMove = words.mayMove === '1', STORE = 'izba-scan-' + words.person, SENT = 20, AGAIN = 15000;
  var form = document.getElementById('reader-form'), field = document.getElementById('code'), answer = document.getElementById('last-answer');
  var list = document.getElementById('scans'), bar = document.getElementById('write-bar'), mode = document.getElementById('continuous');
  var batches = document.getElementById('batches'), decisions = document.getElementById('decisions'), offline = document.getElementById('offline');
  var template = document.getElementById('scan-line');
  var isTouch = matchMedia('(pointer: coarse)').matches;
  var state = read(), isFlushing = false, sound = null;

  function fresh() { return { room: null, isContinuous: false, lines: [], batches: [], decisions: [], sent: [] }; }

  function read() {
    var stored = null;
    try { stored = JSON.parse(localStorage.getItem(STORE)); } catch (fault) { /* of an older page */ }
    stored = stored && stored.lines ? stored : fresh();
    if (words.room) {
      if (!stored.room || stored.room.code !== words.room) stored.lines = [];
      stored.room = { code: words.room, name: words.roomName };
      stored.isContinuous = true;
    }
    return stored;
  }

  function store() { try { localStorage.setItem(STORE, JSON.stringify(state)); } catch (fault) { /* full: the page goes on */ } }

  function say(text, values) {
    return text.replace(/\{(\w+)\}/g, function (all, name) { return name in values ? values[name] : all; });
  }

  function clock(at) { return new Intl.DateTimeFormat(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: words.zone }).format(new Date(at)); }

  /* what is shown */

  function item(line, acts) {
    var row = template.content.firstElementChild.cloneNode(true);
    row.dataset.tone = line.tone;
    row.querySelector('time').textContent = line.at ? clock(line.at) : '';
    row.querySelector('use').setAttribute('href', words.icons + '#i-' + line.symbol);
    var title = row.querySelector('strong');
    if (line.href) {
      var link = document.createElement('a');
      link.href = line.href; link.textContent = line.title; title.appendChild(link);
    } else title.textContent = line.title;
    row.querySelector('p span').textContent = line.detail;
    var place = row.querySelector('[data-acts]');
    acts.forEach(function (act) {
      var button = document.createElement('button');
      button.type = 'button'; button.className = 'small ' + (act.kind || 'plain'); button.textContent = act.word;
      var rest = document.createElement('span');
      rest.className = 'sr'; rest.textContent = ': ' + line.title; button.appendChild(rest);
      button.addEventListener('click', act.run);
      place.appendChild(button);
    });
    return row;
  }

  function fill(place, rows) { place.replaceChildren.apply(place, rows); }

  function draw() {
    var here = document.getElementById('standing');
    here.hidden = !state.room;
    if (state.room) here.querySelector('strong').textContent = state.room.code + ' ' + state.room.name;
    mode.setAttribute('aria-pressed', String(state.isContinuous));
    fill(list, state.lines.map(function (line) {
      return item(line, [{ word: words.undo, run: function () { remove(line.key); } }]);
    }));
    document.getElementById('scanned').hidden = !state.lines.length;
    var moves = state.lines.filter(function (line) { return isMove(line); }).length;
    bar.hidden = !(mayMove && state.room && state.lines.length);
    if (state.room) bar.querySelector('[data-save]').lastChild.textContent = say(words.save, { room: state.room.code });
    bar.querySelector('strong').textContent = say(words.moves, { many: moves, there: state.lines.length - moves });
    fill(batches, state.batches.map(function (batch) {
      var title = say(words.batch, { many: batch.lines.length, room: batch.room });
      return item({ at: batch.at, tone: 'wait', symbol: 'transfer', title: title, detail: batch.lines.map(function (line) { return line.title; }).join(', ') },
        [{ word: words.undo, run: function () { drop(batch.key); } }]);
    }));
    fill(decisions, state.decisions.map(function (one) {
      return item({ at: one.at, tone: 'bad', symbol: 'transfer', title: one.name, detail: say(words.changed, { from: one.room || words.nowhere, room: one.here, what: one.words }), href: '/assets/' + one.asset },
        [{ word: words.anyway, kind: 'quiet', run: function () { decide(one, true); } }, { word: words.leave, run: function () { decide(one, false); } }]);
    }));
    document.getElementById('waiting').hidden = !state.batches.length;
    document.getElementById('deciding').hidden = !state.decisions.length;
    fill(document.getElementById('sent'), state.sent.map(function (one) { return item(one, []); }));
    document.getElementById('sending').hidden = !state.sent.length;
    var waits = state.batches.length + state.lines.filter(function (line) { return line.isWaiting; }).length;
    offline.hidden = !waits || isFlushing && navigator.onLine;
    if (waits) offline.querySelector('[data-many]').textContent = say(words.waits, { many: waits });
  }

  function isMove(line) { return line.isWaiting || Boolean(line.asset) && !line.isHere; }

  function tell(line) {
    answer.hidden = false;
    answer.dataset.tone = line.tone;
    answer.querySelector('use').setAttribute('href', words.icons + '#i-' + line.symbol);
    answer.querySelector('strong').textContent = line.title;
    answer.querySelector('p span').textContent = line.detail;
    sign(line.tone);
  }

  /* a short high tone and buzz for yes, a long low one for no */
  function sign(tone) {
    var isGood = tone === 'good' || tone === 'warn' || tone === 'same';
    if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) navigator.vibrate(isGood ? 60 : [150, 80, 150]);
    if (!sound) return;
    var note = sound.createOscillator(), loudness = sound.createGain();
    note.frequency.value = isGood ? 880 : 220;
    loudness.gain.value = 0.08;
    note.connect(loudness); loudness.connect(sound.destination);
    note.start(); note.stop(sound.currentTime + (isGood ? 0.08 : 0.35));
  }
  addEventListener('pointerdown', function () {
    var Sound = window.AudioContext || window.webkitAudioContext;
    if (!sound && Sound) sound = new Sound();
  }, { once: true });

  /* what is scanned */

  function key() {
    if (crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (one) { return one.toString(16).padStart(2, '0'); }).join('');
  }

  function take(code, reader) {
    code = code.trim().slice(0, 200);
    if (!code) return;
    var at = new Date().toISOString(), room = state.room ? state.room.code : null;
    var earlier = state.lines.find(function (line) { return line.code === code && !line.isGone; });
    if (earlier && state.isContinuous) {
      tell({ tone: 'same', symbol: 'repeat', title: earlier.title, detail: say(words.already, { time: clock(earlier.at) }) });
      return;
    }
    var line = { key: key(), code: code, at: at, body: JSON.stringify({ code: code, reader: reader, room: room, at: at }) };
    ask(line).then(function () { place(line); }, function (fault) {
      if (fault.isOver) return;
      Object.assign(line, { isWaiting: true, tone: 'wait', symbol: 'wifi-off', title: code, detail: words.unsent, href: '' });
      tell(line);
      put(line);
    });
  }

  /* Fills a line with what the server says of it. Fails where there is no network, or nobody to talk to. */
  function ask(line) {
    return post('/api/v1/scans', line.body, line.key).then(function (reply) {
      if (!reply.ok) {
        return reply.json().then(function (problem) {
          Object.assign(line, { isWaiting: false, tone: 'bad', symbol: 'help', title: line.code, detail: problem.detail || problem.title, href: '' });
        });
      }
      return reply.json().then(function (scan) {
        Object.assign(line, {
          isWaiting: false, tone: scan.tone, symbol: scan.symbol, title: scan.title, detail: scan.detail, href: scan.href,
          result: scan.result, room: scan.room, asset: scan.asset && scan.asset.id, revision: scan.asset && scan.asset.revision, isHere: scan.is_here
        });
      });
    });
  }

  function post(url, body, once) {
    return window.izbaSend(url, {
      method: 'POST', credentials: 'same-origin', body: body,
      headers: {
        'Content-Type': 'application/json', 'Idempotency-Key': once, 'Accept-Language': document.documentElement.lang,
        'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content
      }
    }).then(function (reply) {
      if (reply.status === 401) {
        tell({ tone: 'bad', symbol: 'alert-triangle', title: words.signIn, detail: words.unsent });
        throw new Error('signed out');
      }
      if (reply.status >= 500) throw new Error('away');
      return reply;
    });
  }

  function place(line) {
    if (line.room) return stand(line);
    tell(line);
    if (!state.isContinuous && line.href) { store(); location.assign(line.href); return; }
    put(line);
  }

  /* A room: here somebody stands who brings things to it; for the others it opens. */
  function stand(line) {
    if (!mayMove) { location.assign(line.href); return; }
    if (state.room && state.room.code !== line.room.code && state.lines.some(isMove)) {
      tell({ tone: 'bad', symbol: 'alert-triangle', title: line.title, detail: say(words.first, { room: state.room.code }) });
      return;
    }
    if (!state.room || state.room.code !== line.room.code) state.lines = [];
    state.room = line.room;
    state.isContinuous = true;
    tell(Object.assign({}, line, { title: say(words.standing, { room: line.room.code }) }));
    store(); draw();
  }

  function put(line) {
    var earlier = line.asset && state.lines.find(function (one) { return one.asset === line.asset; });
    if (earlier) {
      tell({ tone: 'same', symbol: 'repeat', title: line.title, detail: say(words.already, { time: clock(earlier.at) }) });
      return;
    }
    state.lines.unshift(line);
    store(); draw();
  }

  function remove(which) { state.lines = state.lines.filter(function (line) { return line.key !== which; }); store(); draw(); }
  function drop(which) { state.batches = state.batches.filter(function (batch) { return batch.key !== which; }); store(); draw(); }

  /* what is brought here */

  function save() {
    var lines = state.lines.filter(isMove);
    if (lines.length) state.batches.push({ key: key(), at: new Date().toISOString(), room: state.room.code, lines: lines });
    else tell({ tone: 'good', symbol: 'check', title: say(words.standing, { room: state.room.code }), detail: words.nothing });
    state.lines = [];
    store(); draw();
    return flush();
  }

  /* Sends what waits, in the order in which it was done; stops where the network does. */
  function flush() {
    if (isFlushing) return Promise.resolve();
    isFlushing = true;
    var steps = state.lines.filter(function (line) { return line.isWaiting; }).reverse().map(late);
    return steps.reduce(function (before, step) { return before.then(step); }, Promise.resolve()).then(nextBatch)
      .catch(function () { /* it waits on */ }).then(function () { isFlushing = false; store(); draw(); });
  }

  function late(line) {
    return function () {
      return ask(line).then(function () {
        line.isLate = true;
        if (line.room) { remove(line.key); if (!state.room) { state.room = line.room; state.isContinuous = true; } }
        store(); draw();
      });
    };
  }

  function nextBatch() {
    var batch = state.batches[0];
    if (!batch) return undefined;
    var waiting = batch.lines.filter(function (line) { return line.isWaiting; }).reverse().map(late);
    return waiting.reduce(function (before, step) { return before.then(step); }, Promise.resolve()).then(function () {
      if (!batch.body) {
        var pieces = batch.lines.filter(function (line) { return line.asset; }).map(function (line) {
          return line.isLate ? { asset: line.asset, at: line.at } : { asset: line.asset, revision: line.revision };
        });
        if (!pieces.length) { log(batch, 'bad', words.nothing); return nextBatch(); }
        batch.body = JSON.stringify({ room: batch.room, pieces: pieces });
        store();
      }
      return post('/api/v1/scans/moves', batch.body, batch.key).then(function (reply) {
        return reply.json().then(function (outcome) {
          if (!reply.ok) log(batch, 'bad', outcome.detail || outcome.title);
          else {
            outcome.changed.forEach(function (one) {
              state.decisions.push(Object.assign({ here: outcome.room, at: batch.at }, one));
            });
            log(batch, outcome.changed.length ? 'warn' : 'good', say(words.moved, { many: outcome.moved.length, there: outcome.there.length, room: outcome.room }));
          }
          return nextBatch();
        });
      });
    });
  }

  function log(batch, tone, text) {
    state.batches = state.batches.filter(function (one) { return one.key !== batch.key; });
    var line = { at: batch.at, tone: tone, symbol: tone === 'good' ? 'check' : 'transfer', title: batch.room, detail: text, href: '/rooms/' + encodeURIComponent(batch.room) };
    state.sent = [line].concat(state.sent).slice(0, SENT);
    tell(line);
    store(); draw();
  }

  function decide(one, isMove) {
    state.decisions = state.decisions.filter(function (other) { return other !== one; });
    if (isMove) {
      state.batches.push({ key: key(), at: new Date().toISOString(), room: one.here, lines: [{ title: one.name, asset: one.asset, revision: one.revision }] });
    }
    store(); draw();
    flush();
  }

  form.addEventListener('submit', function (event) {
    event.preventDefault();
    event.stopImmediatePropagation();
    var code = field.value;
    field.value = '';
    if (!isTouch) field.focus();
    take(code, 'keys');
  }, true);
  mode.addEventListener('click', function () { state.isContinuous = !state.isContinuous; store(); draw(); });
  mode.hidden = false;
  bar.querySelector('[data-save]').addEventListener('click', function (event) { event.preventDefault(); save(); });
  document.getElementById('leave-room').addEventListener('click', function (event) {
    event.preventDefault();
    state.room = null; state.lines = []; state.isContinuous = false;
    store(); draw();
    history.replaceState(null, '', '/scan');
  });
  document.getElementById('abandon').addEventListener('click', function (event) {
    event.preventDefault();
    state.lines = [];
    store(); draw();
  });
  document.getElementById('try-now').addEventListener('click', flush);
  addEventListener('online', flush);
  setInterval(function () { if (!offline.hidden) flush(); }, AGAIN);

  // what a page without this script had scanned comes along
  document.querySelectorAll('#scans > li[data-asset]').forEach(function (row) {
    if (state.lines.some(function (line) { return line.asset === Number(row.dataset.asset); })) return;
    state.lines.push({
      key: key(), code: '', at: new Date().toISOString(), asset: Number(row.dataset.asset), revision: Number(row.dataset.revision),
      isHere: row.dataset.tone === 'good', tone: row.dataset.tone, symbol: row.dataset.tone === 'good' ? 'check' : 'transfer',
      title: row.querySelector('strong').textContent, detail: row.querySelector('p span').textContent, href: row.querySelector('a').getAttribute('href')
    });
  });
  desk.dataset.live = '1';
  if (isTouch) field.blur(); // its keyboard would lie over the picture
  draw();
  flush();
  if (window.izbaCamera) window.izbaCamera(document.getElementById('camera'), function (code) { take(code, 'camera'); });
})();
