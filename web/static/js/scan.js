/* The scan desk: what the camera or a handheld reader read is asked for at once and listed, the newest on top. Where there
   is no network it waits in this browser and is sent once, each with its key. Without it the page is a form. */
(function () {
  'use strict';
  var desk = document.getElementById('scan-desk');
  if (!desk || !window.fetch) return;
  var words = desk.dataset, mayMove = words.mayMove === '1', STORE = 'izba-scan-' + words.person, SENT = 20, AGAIN = 15000, AT_ONCE = Number(words.atOnce);
  var form = document.getElementById('reader-form'), field = document.getElementById('code'), answer = document.getElementById('last-answer');
  var list = document.getElementById('scans'), bar = document.getElementById('write-bar'), mode = document.getElementById('continuous');
  var batches = document.getElementById('batches'), decisions = document.getElementById('decisions'), offline = document.getElementById('offline');
  var template = document.getElementById('scan-line');
  var isTouch = matchMedia('(pointer: coarse)').matches;
  var isKept = false, isSignedOut = false, isFlushing = false, sound = null, state = read();

  function fresh() { return { room: null, isContinuous: false, lines: [], batches: [], decisions: [], sent: [] }; }

  function read() {
    var stored = null;
    try { stored = JSON.parse(localStorage.getItem(STORE)); } catch (fault) { /* of an older page */ }
    stored = stored && stored.lines ? stored : fresh();
    var room = roomOf(stored);
    isKept = Boolean(words.room && mayMove && room && room.code !== words.room && stored.lines.some(isMove));
    if (words.room && !isKept) {
      if (!room || room.code !== words.room) { stored.lines = []; stored.room = { code: words.room, name: words.roomName }; }
      stored.isContinuous = true;
    }
    return stored;
  }

  /* Where somebody stands: the room they began in, or the last whose label turned out among the lines when the network
     came back. What was scanned before that label is of the room before. */
  function roomOf(list) {
    var label = list.lines.find(function (line) { return line.room; });
    return label ? label.room : list.room;
  }
  function here() { return roomOf(state); }

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
    var standing = document.getElementById('standing'), room = here();
    standing.hidden = !room;
    if (room) standing.querySelector('strong').textContent = room.code + ' ' + room.name;
    mode.setAttribute('aria-pressed', String(state.isContinuous));
    fill(list, state.lines.map(function (line) {
      return item(line, [{ word: words.undo, run: function () { remove(line.key); } }]);
    }));
    document.getElementById('scanned').hidden = !state.lines.length;
    var moves = state.lines.filter(function (line) { return isMove(line); }).length;
    bar.hidden = !(mayMove && room && state.lines.length);
    if (room) bar.querySelector('[data-save]').lastChild.textContent = say(words.save, { room: savedRooms() });
    bar.querySelector('strong').textContent = say(words.moves, { many: moves, there: state.lines.length - moves });
    var waiting = state.batches.filter(function (batch) { return !batch.fault; }), refused = state.batches.filter(function (batch) { return batch.fault; });
    fill(batches, waiting.map(function (batch) { return batchItem(batch, 'wait', names(batch), [takeBack(batch)]); }));
    fill(decisions, refused.map(function (batch) {
      var acts = [{ word: words.again, kind: 'quiet', run: function () { resend(batch, batch.room); } }, takeBack(batch)];
      if (room && room.code !== batch.room) acts.unshift({ word: say(words.save, { room: room.code }), kind: 'quiet', run: function () { resend(batch, room.code); } });
      return batchItem(batch, 'bad', batch.fault + ' ' + names(batch), acts);
    }).concat(state.decisions.map(function (one) {
      return item({ at: one.at, tone: 'bad', symbol: 'transfer', title: one.name, detail: say(words.changed, { from: one.room || words.nowhere, room: one.here, what: one.words }), href: '/assets/' + one.asset },
        [{ word: words.anyway, kind: 'quiet', run: function () { decide(one, true); } }, { word: words.leave, run: function () { decide(one, false); } }]);
    })));
    document.getElementById('waiting').hidden = !waiting.length;
    document.getElementById('deciding').hidden = !state.decisions.length && !refused.length;
    fill(document.getElementById('sent'), state.sent.map(function (one) { return item(one, []); }));
    document.getElementById('sending').hidden = !state.sent.length;
    var waits = waiting.length + state.lines.filter(function (line) { return line.isWaiting; }).length;
    offline.hidden = !waits || isFlushing && navigator.onLine;
    if (waits) offline.querySelector('[data-many]').textContent = isSignedOut ? words.signIn : say(words.waits, { many: waits });
  }

  function batchItem(batch, tone, detail, acts) {
    var title = say(words.batch, { many: batch.lines.length, room: batch.room });
    return item({ at: batch.at, tone: tone, symbol: 'transfer', title: title, detail: detail }, acts);
  }
  function names(batch) { return batch.lines.map(function (line) { return line.title; }).join(', '); }
  function takeBack(batch) { return { word: words.undo, run: function () { drop(batch.key); } }; }

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
    var at = new Date().toISOString(), earlier = state.lines.find(function (line) { return line.code === code; });
    if (earlier && state.isContinuous) {
      tell({ tone: 'same', symbol: 'repeat', title: earlier.title, detail: say(words.already, { time: clock(earlier.at) }) });
      return;
    }
    var line = { key: key(), code: code, at: at, reader: reader };
    ask(line, here()).then(function () { place(line); }, function (fault) {
      Object.assign(line, { isWaiting: true, tone: 'wait', symbol: 'wifi-off', title: code, detail: fault.isOver ? words.signIn : words.unsent, href: '' });
      tell(line);
      put(line);
    });
  }

  /* Fills a line with what the server says of it to somebody in a room. Fails where there is no network, or nobody to
     talk to. isRefused: it is worth asking again. */
  function ask(line, room) {
    var body = JSON.stringify({ code: line.code, reader: line.reader || 'keys', room: room ? room.code || room : null, at: line.at });
    if (line.body && line.body !== body) line.key = key(); // of another room: another question
    line.body = body;
    return post('/api/v1/scans', line.body, line.key).then(function (reply) {
      if (!reply.ok) {
        return reply.json().then(function (problem) {
          Object.assign(line, { isWaiting: false, isRefused: reply.status !== 422, tone: 'bad', symbol: 'help', title: line.code, detail: problem.detail || problem.title, href: '' });
        });
      }
      return reply.json().then(function (scan) {
        Object.assign(line, {
          isWaiting: false, isRefused: false, tone: scan.tone, symbol: scan.symbol, title: scan.title, detail: scan.detail, href: scan.href,
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
        isSignedOut = true;
        throw Object.assign(new Error('signed out'), { isOver: true });
      }
      isSignedOut = false;
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
    var room = here();
    if (room && room.code !== line.room.code) {
      if (isUnsaved(line.title)) return;
      state.lines = [];
    } else if (!room) state.lines = [];
    if (!room || room.code !== line.room.code) state.room = line.room;
    state.isContinuous = true;
    tell(Object.assign({}, line, { title: say(words.standing, { room: line.room.code }) }));
    store(); draw();
  }

  /* Whether lines still have to be saved before somebody can leave their room; then it is said. */
  function isUnsaved(title) {
    var room = here();
    if (!room || !state.lines.some(isMove)) return false;
    tell({ tone: 'bad', symbol: 'alert-triangle', title: title, detail: say(words.first, { room: room.code }) });
    return true;
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

  /* The lines to move by the room in which each was scanned, in the order in which it was done. */
  function parts() {
    var room = state.room, parts = [];
    state.lines.slice().reverse().forEach(function (line) {
      var last = parts[parts.length - 1];
      if (line.room) room = line.room;
      else if (!isMove(line) || !room) return;
      else if (last && last.room === room.code && last.lines.length < AT_ONCE) last.lines.unshift(line);
      else parts.push({ room: room.code, lines: [line] });
    });
    return parts;
  }

  function savedRooms() {
    var rooms = parts().map(function (part) { return part.room; });
    return rooms.filter(function (room, which) { return rooms.indexOf(room) === which; }).join(', ') || here().code;
  }

  function save() {
    var at = new Date().toISOString(), moves = parts();
    moves.forEach(function (part) { state.batches.push(Object.assign({ key: key(), at: at }, part)); });
    if (!moves.length) tell({ tone: 'good', symbol: 'check', title: say(words.standing, { room: here().code }), detail: words.nothing });
    state.room = here();
    state.lines = state.lines.filter(function (line) { return line.isRefused; });
    store(); draw();
    return flush();
  }

  /* Sends what waits, in the order in which it was done; stops where the network does. */
  function flush() {
    if (isFlushing) return Promise.resolve();
    var wasSignedOut = isSignedOut;
    isFlushing = true;
    return nextLine().then(nextBatch).catch(function (fault) { // it waits on
      if (fault.isOver && !wasSignedOut) tell({ tone: 'bad', symbol: 'alert-triangle', title: words.signIn, detail: '' });
    }).then(function () { isFlushing = false; store(); draw(); });
  }

  /* The oldest that waits: it was scanned in the room whose label was scanned last before it. */
  function oldest(lines) { return lines.filter(function (line) { return line.isWaiting; }).pop(); }

  function nextLine() {
    var line = oldest(state.lines);
    if (!line) return Promise.resolve();
    var room = roomOf({ room: state.room, lines: state.lines.slice(state.lines.indexOf(line) + 1) });
    return ask(line, room).then(function () {
      line.isLate = true;
      if (line.room && mayMove) standLate(line, room);
      store(); draw();
      return nextLine();
    });
  }

  /* A label of a room among the lines: what was scanned after it is of this room, what was scanned before is not. */
  function standLate(line, room) {
    var which = state.lines.indexOf(line);
    if (which < 0) return; // taken back meanwhile
    state.isContinuous = true;
    if (room && room.code === line.room.code) state.lines.splice(which, 1);
    else if (!state.lines.slice(which + 1).some(function (one) { return room && isMove(one); })) {
      state.lines = state.lines.slice(0, which);
      state.room = line.room;
    } else Object.assign(line, { tone: 'good', title: line.room.code, detail: say(words.standing, { room: line.room.code }) });
  }

  function nextBatch() {
    var batch = state.batches.find(function (one) { return !one.fault; });
    if (!batch) return undefined;
    var line = batch.body ? null : oldest(batch.lines);
    return (line ? lateOf(batch, line) : send(batch)).then(nextBatch);
  }

  function lateOf(batch, line) {
    return ask(line, batch.room).then(function () {
      line.isLate = true;
      if (line.isRefused) { line.isWaiting = true; return giveBack(batch, line.detail); }
      if (line.room) split(batch, line);
      store(); draw();
    });
  }

  /* A batch in which somebody walked on: what was scanned after a room's label comes to that room. */
  function split(batch, label) {
    if (state.batches.indexOf(batch) < 0) return; // taken back meanwhile
    var which = batch.lines.indexOf(label), after = batch.lines.slice(0, which), before = batch.lines.slice(which + 1);
    if (label.room.code === batch.room) batch.lines = after.concat(before);
    else {
      batch.lines = before;
      var parted = [batch, { key: key(), at: batch.at, room: label.room.code, lines: after }];
      parted = parted.filter(function (one) { return one.lines.length; });
      state.batches.splice.apply(state.batches, [state.batches.indexOf(batch), 1].concat(parted));
    }
  }

  function send(batch) {
    if (!batch.body) {
      var pieces = batch.lines.filter(function (line) { return line.asset; }).map(function (line) {
        return line.isLate ? { asset: line.asset, at: line.at } : { asset: line.asset, revision: line.revision };
      });
      if (!pieces.length) { log(batch, 'bad', words.nothing); return Promise.resolve(); }
      batch.body = JSON.stringify({ room: batch.room, pieces: pieces });
      store();
    }
    return post('/api/v1/scans/moves', batch.body, batch.key).then(function (reply) {
      return reply.json().then(function (outcome) {
        if (!reply.ok) return giveBack(batch, outcome.detail || outcome.title);
        outcome.changed.forEach(function (one) {
          state.decisions.push(Object.assign({ here: outcome.room, at: batch.at }, one));
        });
        log(batch, outcome.changed.length ? 'warn' : 'good', say(words.moved, { many: outcome.moved.length, there: outcome.there.length, room: outcome.room }));
      });
    });
  }

  /* What was refused as a whole is kept until somebody decides. */
  function giveBack(batch, fault) {
    batch.fault = fault;
    tell({ tone: 'bad', symbol: 'transfer', title: batch.room, detail: fault });
    store(); draw();
  }

  function resend(batch, room) {
    delete batch.fault; delete batch.body;
    Object.assign(batch, { key: key(), room: room });
    store(); draw();
    flush();
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
    if (isUnsaved(here().code)) return;
    state.room = null; state.lines = []; state.isContinuous = false;
    store(); draw();
    history.replaceState(null, '', '/scan');
  });
  document.getElementById('abandon').addEventListener('click', function (event) {
    event.preventDefault();
    state.lines = [];
    store(); draw();
  });
  document.getElementById('try-now').addEventListener('click', function () { isSignedOut = false; flush(); });
  addEventListener('online', flush);
  setInterval(function () { if (!offline.hidden && !isSignedOut) flush(); }, AGAIN);

  // what a page without this script had scanned comes along
  if (!isKept) document.querySelectorAll('#scans > li[data-asset]').forEach(function (row) {
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
  if (isKept) isUnsaved(words.room);
  flush();
  if (window.izbaCamera) window.izbaCamera(document.getElementById('camera'), function (code) { take(code, 'camera'); });
})();
