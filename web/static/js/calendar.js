/* The calendar by hand: drag across an empty stretch to book it, drag a booking to move it, pull its ends. All of it
   also goes by the links and forms of the page. */
(function () {
  'use strict';
  var STEP = 15, wide = matchMedia('(min-width: 48rem)'), ended = 0, held = null;
  var words = document.getElementById('words');

  function lanes() { return document.querySelector('[data-lanes]'); }
  function axis() {
    var data = lanes().dataset;
    return { first: data.opens * 60, last: data.opens * 60 + data.hours * 60, since: Date.parse(data.since), zone: data.zone };
  }
  function instant(minute) { var a = axis(); return new Date(a.since + (minute - a.first) * 60000); }
  function minuteOf(when) { var a = axis(); return Math.round((Date.parse(when) - a.since) / 60000) + a.first; }
  function clock(when) {
    return new Intl.DateTimeFormat('pl', { hour: '2-digit', minute: '2-digit', timeZone: axis().zone }).format(when);
  }
  function span(start, end) { return clock(start) + '–' + clock(end); }
  function minuteAt(track, x) {
    var a = axis(), box = track.getBoundingClientRect();
    var minute = a.first + (x - box.left) / box.width * (a.last - a.first);
    return Math.min(a.last, Math.max(a.first, minute));
  }
  function snap(minute) { return Math.round(minute / STEP) * STEP; }
  function round(minute) { return Math.round(minute / 5) * 5; }
  function place(element, from, to) {
    window.izba.place(element, { f: round(from), t: round(to) });
  }
  function toast(text) {
    var line = document.createElement('p');
    line.className = 'toast';
    line.textContent = text;
    document.getElementById('toasts').append(line);
  }

  /* --- the draft of a booking and the box under its lane --- */
  function close() {
    document.querySelectorAll('.lane-box, [data-kind=draft]').forEach(function (element) { element.remove(); });
    if (held && held.isConnected) held.focus({ preventScroll: true });
    held = null;
  }
  function draft(track, from, to) {
    var band = track.querySelector('[data-kind=draft]');
    if (!band) {
      band = document.createElement('li');
      band.className = 'slot';
      band.dataset.kind = 'draft';
      band.append(document.createElement('b'));
      track.append(band);
    }
    place(band, from, to);
    band.firstChild.textContent = span(instant(from), instant(to));
    return band;
  }
  function open(track, from) {
    var box = document.createElement('div');
    box.className = 'lane-box';
    window.izba.place(box, { f: round(from) });
    track.closest('.lane').append(box);
    return box;
  }
  function ask(track, from, to) {
    if (to - from < STEP) { close(); return; }
    var query = new URLSearchParams({ alternative: [track.dataset.room, instant(from).toISOString(), instant(to).toISOString()].join('|') });
    fetch('/bookings/new?' + query, { credentials: 'same-origin', headers: { 'HX-Request-Type': 'partial' } })
      .then(function (answer) { if (!answer.ok || answer.redirected) throw new Error(answer.status); return answer.text(); })
      .then(function (text) { fill(open(track, from), text); })
      .catch(function () { location.href = '/bookings/new?' + query; });
  }
  function fill(box, text) {
    box.replaceChildren.apply(box, Array.prototype.slice.call(new DOMParser().parseFromString(text, 'text/html').body.childNodes));
    var first = box.querySelector('[role=alert]') ? box.querySelector('button') : box.querySelector('input:not([type=hidden]), select, button');
    if (first) first.focus({ preventScroll: true });
    box.scrollIntoView({ block: 'nearest' });
  }

  /* What was done, if the answer leads to a booking: a redirect to anywhere else did nothing. */
  function outcome(answer) {
    var url = new URL(answer.url, location.href);
    if (!answer.ok || !answer.redirected || !/^\/bookings\/[0-9a-f-]{36}$/.test(url.pathname)) return '';
    var did = url.searchParams.get('did');
    return did === 'booked_before' ? words.dataset.before : did === 'asked' ? words.dataset.asked : words.dataset.booked;
  }
  function say(form, text) {
    form.querySelectorAll('[data-signed-out]').forEach(function (notice) { notice.remove(); });
    form.prepend.apply(form, Array.prototype.slice.call(new DOMParser().parseFromString(text, 'text/html').body.childNodes));
    var link = form.querySelector('[data-signed-out] a');
    if (link) link.focus({ preventScroll: true });
    delete form.dataset.sent;
  }

  document.addEventListener('submit', function (event) {
    var form = event.target.closest('.small-form');
    if (!form) return;
    event.preventDefault();
    var button = event.submitter, sent = new URLSearchParams(new FormData(form));
    if (button && button.hasAttribute('data-more')) {
      ['csrf', 'key', 'title'].forEach(function (name) { sent.delete(name); });
      location.href = '/bookings/new?' + sent;
      return;
    }
    if (button && button.name) sent.append(button.name, button.value);
    window.izbaSend(form.action, { method: 'POST', body: sent, credentials: 'same-origin', headers: { 'HX-Request-Type': 'partial' } })
      .then(function (answer) {
        var done = outcome(answer);
        if (done) { close(); toast(done); return window.izba.refresh(); }
        if (answer.redirected) throw new Error(answer.url);
        return answer.text().then(function (text) {
          // who must sign in first keeps the form and what is typed into it
          if (answer.status === 401) say(form, text);
          else if (text.indexOf('<html') >= 0) toast(words.dataset.refused); // a page of its own has no place in the box
          else fill(form.closest('.lane-box'), text);
        });
      }).catch(function () { toast(words.dataset.unsure); delete form.dataset.sent; });
  });
  document.addEventListener('click', function (event) {
    if (event.target.closest('[data-leave]')) { close(); return; }
    if (Date.now() - ended < 350 && event.target.closest('.track')) { event.preventDefault(); return; }
    var track = event.target.closest('.track[data-bookable]');
    if (!track || event.target !== track || !wide.matches) {
      if (!event.target.closest('.lane-box')) close();
      return;
    }
    close();
    var from = Math.min(Math.floor(minuteAt(track, event.clientX) / STEP) * STEP, axis().last - STEP);
    var to = Math.min(from + 60, axis().last);
    draft(track, from, to);
    ask(track, from, to);
  });
  document.addEventListener('keydown', function (event) { if (event.key === 'Escape') close(); });

  /* --- dragging --- */
  if (!window.interact) return;
  interact('.track[data-bookable]').draggable({
    ignoreFrom: '.slot[data-booking], .slot a, .slot[data-kind=booking], .slot[data-kind=confidential], .slot[data-kind=block], .slot[data-kind=tentative]',
    cursorChecker: function () { return 'cell'; },
    listeners: {
      start: function (event) {
        if (!wide.matches) { event.interaction.stop(); return; }
        close();
        event.target.from = snap(minuteAt(event.target, event.clientX0));
      },
      move: function (event) {
        var to = snap(minuteAt(event.target, event.clientX)), from = event.target.from;
        if (from !== undefined) draft(event.target, Math.min(from, to), Math.max(from + (from === to ? STEP : 0), to));
      },
      end: function (event) {
        var to = snap(minuteAt(event.target, event.clientX)), from = event.target.from;
        ended = Date.now();
        if (from === undefined) return;
        delete event.target.from;
        if (Math.abs(to - from) < STEP) close(); else ask(event.target, Math.min(from, to), Math.max(from, to));
      }
    }
  });

  var move = null;
  function begin(event) {
    // a slot that was replaced since the finger came down has no track any more
    if (!wide.matches || !event.target.isConnected) { event.interaction.stop(); return; }
    close();
    var slot = event.target;
    move = {
      slot: slot, track: slot.parentElement, name: slot.className, at: event.clientX0,
      width: slot.parentElement.getBoundingClientRect().width,
      from: minuteOf(slot.dataset.starts), to: minuteOf(slot.dataset.ends), over: slot.parentElement
    };
    move.first = move.from;
    move.last = move.to;
    slot.classList.add('is-dragged');
  }
  /* How far the hand went, in whole steps of minutes; less than a step is nothing. */
  function distance(event) {
    var a = axis(), minutes = (event.clientX - move.at) / move.width * (a.last - a.first);
    return Math.abs(minutes) < STEP ? 0 : snap(minutes);
  }
  function show() {
    place(move.slot, Math.max(move.first, axis().first), Math.min(move.last, axis().last));
    var text = move.slot.querySelector('.text');
    if (text) text.textContent = span(instant(move.first), instant(move.last));
  }
  function back() {
    move.slot.classList.remove('is-dragged');
    move.slot.className = move.name;
    if (move.over !== move.track) move.track.append(move.slot);
    var text = move.slot.querySelector('.text');
    if (text && move.text) text.replaceWith(move.text);
  }
  function done() {
    ended = Date.now();
    if (!move) return;
    var wanted = { track: move.over, first: move.first, last: move.last };
    var changed = move.first !== move.from || move.last !== move.to || move.over !== move.track;
    if (!changed) { back(); move = null; return; }
    var body = { starts_at: instant(move.first).toISOString(), ends_at: instant(move.last).toISOString() };
    if (move.first === move.from) delete body.starts_at;
    if (move.last === move.to) delete body.ends_at;
    if (move.over !== move.track) body.room = move.over.dataset.room;
    send(move, body, wanted);
    move = null;
  }
  function send(from, body, wanted) {
    var slot = from.slot;
    slot.classList.add('is-waiting');
    window.izbaSend('/api/v1/bookings/' + slot.dataset.booking, {
      method: 'PATCH', credentials: 'same-origin', body: JSON.stringify(body),
      headers: {
        'Content-Type': 'application/json', 'If-Match': '"' + slot.dataset.revision + '"',
        'Accept-Language': document.documentElement.lang,
        'X-CSRF-Token': document.querySelector('meta[name=csrf-token]').content
      }
    }).then(function (answer) {
      slot.classList.remove('is-waiting', 'is-dragged');
      return answer.json().then(function (said) {
        if (!answer.ok) { refused(from, said, wanted); return null; }
        close();
        toast(said.status === 'tentative' ? words.dataset.asked : words.dataset.moved);
        return window.izba.refresh();
      });
    }).catch(function () {
      slot.classList.remove('is-waiting');
      restore(from);
      toast(words.dataset.unsureOfChange);
      window.izba.refresh();
    });
  }
  function restore(from) { var kept = move; move = from; back(); move = kept; }
  function refused(from, problem, wanted) {
    restore(from);
    close();
    if (problem.code === 'auth.required') { window.izbaAge('ended', Date.now()); return; }
    var band = draft(wanted.track, Math.max(wanted.first, axis().first), Math.min(wanted.last, axis().last));
    band.classList.add('is-refused');
    var title = from.slot.querySelector('b');
    band.firstChild.textContent = title ? title.textContent : '';
    var box = open(wanted.track, Math.max(wanted.first, axis().first));
    box.append(document.getElementById('words-refused').content.cloneNode(true));
    box.querySelector('[data-title]').textContent = problem.code === 'booking.overlap' ? words.dataset.busy : words.dataset.refused;
    box.querySelector('[data-text]').textContent = problem.detail;
    (problem.params.alternatives || []).forEach(function (offer) { box.querySelector('[data-rows]').append(line(from, offer)); });
    var first = box.querySelector('[data-choose]');
    if (first) first.classList.remove('quiet');
    held = from.slot.querySelector('a');
    box.querySelector('button').focus({ preventScroll: true });
    box.scrollIntoView({ block: 'nearest' });
    if (problem.code === 'request.stale') window.izba.refresh();
  }
  function line(from, offer) {
    var row = document.getElementById('words-offer').content.cloneNode(true);
    var start = new Date(offer.starts_at), end = new Date(offer.ends_at);
    row.querySelector('[data-title]').textContent = offer.name + ', ' + span(start, end);
    row.querySelector('[data-text]').textContent = words.dataset[offer.reason] || '';
    var button = row.querySelector('[data-choose]');
    button.setAttribute('aria-label', button.textContent + ': ' + offer.name + ', ' + span(start, end));
    button.addEventListener('click', function () {
      var body = { starts_at: offer.starts_at, ends_at: offer.ends_at, room: offer.room };
      var first = minuteOf(offer.starts_at), last = minuteOf(offer.ends_at);
      var track = document.querySelector('.track[data-room="' + offer.room + '"]') || from.track;
      send(from, body, { track: track, first: first, last: last });
    });
    return row;
  }

  interact('.slot[data-booking]').draggable({
    listeners: {
      start: function (event) {
        if (event.target.hasAttribute('data-running')) event.interaction.stop(); else begin(event);
      },
      move: function (event) {
        if (!move) return;
        keepText();
        var a = axis(), delta = distance(event);
        // an end that is on the page stays on it; one that lies beyond is moved by what was dragged, as the other is
        var least = move.from < a.first ? a.first + STEP - move.to : a.first - move.from;
        var most = move.to > a.last ? a.last - STEP - move.from : a.last - move.to;
        delta = Math.max(least, Math.min(most, delta));
        move.first = move.from + delta;
        move.last = move.to + delta;
        var under = document.elementsFromPoint(event.clientX, event.clientY).map(function (element) {
          return element.closest('.track[data-bookable]');
        }).filter(Boolean)[0];
        if (under && under !== move.over) { under.append(move.slot); move.over = under; }
        show();
      },
      end: done
    }
  }).resizable({
    edges: { left: true, right: true }, margin: 8,
    listeners: {
      start: begin,
      move: function (event) {
        if (!move) return;
        keepText();
        var a = axis(), delta = distance(event);
        if (event.edges.left && (move.from < a.first || move.slot.hasAttribute('data-running'))) return;
        if (!event.edges.left && move.to > a.last) return; // this end is not on the page
        if (event.edges.left) move.first = Math.max(a.first, Math.min(move.from + delta, move.to - STEP));
        else move.last = Math.min(a.last, Math.max(move.to + delta, move.from + STEP));
        show();
      },
      end: done
    }
  });
  function keepText() {
    if (move.text !== undefined) return;
    var text = move.slot.querySelector('.text');
    move.text = text ? text.cloneNode(true) : null;
  }
})();
