/* Keeps a page true: what changed is asked for as pieces of the page, and htmx puts each in the place of its elder
   self. See docs/decisions/0017-live-pages.md. Without it the page is as true as its last load. */
(function () {
  'use strict';
  var script = document.currentScript;
  var AT_ONCE = 30, TOGETHER = 150, PATIENCE = 5000, LATE = 1000, MINUTE = 60000, MANY = 50;
  var root = document.querySelector('[data-live]');
  if (!root) return;

  // the server's clock, by which a page's times are meant
  var skew = Date.parse(root.dataset.time) - Date.now();
  function now() { return Date.now() + skew; }

  /* --- what is to be asked for --- */
  var pieces = new Set(), assets = new Set(), isDue = false, isAsking = false, at = Infinity, timer = null, asked = 0;
  var truth = Date.parse(root.dataset.time); // when the page was last known to be so, on the server's clock
  var isBlocked = false, hasFailed = false; // all of the page is wanted but held; a request went wrong

  function due(delay) {
    isDue = true;
    var then = Date.now() + delay;
    if (timer && then >= at) return;
    clearTimeout(timer);
    at = then;
    timer = setTimeout(ask, delay);
  }
  function everything() {
    document.querySelectorAll('[data-piece]').forEach(function (element) { pieces.add(element.dataset.piece); });
    due(TOGETHER);
  }
  function piece(code) { return document.querySelector('[data-piece="' + CSS.escape(code) + '"]'); }
  function address(codes) {
    var url = new URL(location.href), query = url.searchParams;
    if (root.dataset.part) query.set('part', root.dataset.part);
    if (codes.length + assets.size <= MANY) {
      query.set('shape', root.dataset.shape || '');
      codes.forEach(function (code) { query.append('piece', code); });
      assets.forEach(function (id) { query.append('asset', id); });
    }
    return url.pathname + url.search;
  }

  function ask() {
    timer = null;
    at = Infinity;
    if (!isDue || isAsking || document.hidden) return; // asked for when the answer is there, or the page is looked at
    var all = Array.from(pieces), held = all.filter(function (code) { return piece(code) && isHeld(piece(code)); });
    var rest = all.filter(function (code) { return held.indexOf(code) < 0; });
    if (isHeld(root) && (isBlocked || rest.length > MANY || held.length && !rest.length && !assets.size)) { due(LATE); return; }
    var url = address(rest);
    pieces = new Set(held);
    assets.clear();
    isDue = isBlocked = hasFailed = false;
    isAsking = true;
    asked = Date.now();
    if (held.length) due(LATE);
    htmx.ajax('GET', url, { source: root, target: root }).finally(function () {
      isAsking = false;
      if (isDue && !timer) due(TOGETHER);
    });
  }

  /* --- what is being dragged or answered stays until that is done --- */
  function isHeld(element) {
    return document.querySelector('.is-dragged') || element.querySelector('.is-waiting, .lane-box, [data-kind=draft]');
  }
  document.addEventListener('htmx:before:swap', function (event) {
    if (event.detail.ctx.sourceElement !== root) return;
    var tasks = event.detail.tasks;
    tasks.filter(function (task) { return task.target && isHeld(task.target); }).forEach(function (task) {
      tasks.splice(tasks.indexOf(task), 1);
      if (task.target.dataset.piece) { pieces.add(task.target.dataset.piece); due(LATE); } else { everything(); isBlocked = true; }
    });
  });
  // nobody who reads is sent away to sign in, what is typed would be gone: the page says that it is old
  document.addEventListener('htmx:after:request', function (event) {
    var ctx = event.detail.ctx;
    if (ctx.sourceElement !== root) return;
    delete ctx.hx.redirect;
    var status = ctx.response ? ctx.response.status : 0;
    if (status === 401) window.izbaAge('ended', truth);
    else if (status >= 200 && status < 300) { truth = now(); window.izbaAge('', truth); }
  });

  ['htmx:error', 'htmx:response:error'].forEach(function (name) {
    document.addEventListener(name, function (event) {
      if (event.detail.ctx && event.detail.ctx.sourceElement === root) hasFailed = true; // the next minute tries again
    });
  });
  // what somebody opened stays open
  htmx.registerExtension('izba-live', {
    htmx_before_morph_attr: function (element, detail) { return !(detail.attrName === 'open' && element.matches('details')); }
  });

  /* --- events --- */
  var load = performance.getEntriesByType('navigation')[0], isLive = false, wasOpen = false;
  var began = performance.timeOrigin + (load ? load.responseStart : 0); // when the server had drawn the page

  function hear(message) {
    if (message.kind === 'mute') { isLive = false; return; }
    if (message.kind === 'notice') { if (window.izbaBell) window.izbaBell(message); return; }
    if (message.kind === 'open') {
      // what happened before the stream opened nobody tells: all is asked for, unless it opened with the page
      if (wasOpen || Date.now() - began > LATE) everything();
      wasOpen = isLive = true;
      document.documentElement.dataset.stream = 'open';
      return;
    }
    var name = message[message.kind], the = { room: root.dataset.liveRoom, asset: root.dataset.liveAsset, stocktake: root.dataset.liveStocktake }[message.kind];
    if (root.dataset.live.split(' ').indexOf(message.kind) < 0 && the !== String(name)) return;
    if (message.kind === 'asset') assets.add(name);
    if (message.kind === 'room') pieces.add(name);
    // a room that the page does not show may come to belong on it: that can wait
    var isShown = message.kind !== 'room' || !root.dataset.shape || piece(name);
    // what comes after a while of rest is asked for at once, what comes in a row together
    due(!isShown ? PATIENCE : Date.now() - asked > TOGETHER ? AT_ONCE : TOGETHER);
  }

  function listen() {
    var name = 'izba-' + script.dataset.viewer, url = script.dataset.stream;
    if (window.SharedWorker) {
      var port = new SharedWorker(url, name).port;
      port.onmessage = function (event) { hear(event.data); };
      addEventListener('pagehide', function () { port.postMessage('leaves'); });
      return;
    }
    var run = document.createElement('script');
    run.src = url;
    run.onload = function () { share(name); };
    document.head.append(run);
  }
  /* Without shared workers the tab that holds the lock tells the others. */
  function share(name) {
    if (!navigator.locks || !window.BroadcastChannel) { window.izbaStream(hear); return; }
    var channel = new BroadcastChannel(name);
    channel.onmessage = function (event) { hear(event.data); };
    navigator.locks.request(name, { ifAvailable: true }, function (lock) {
      if (lock) return hold();
      hear({ kind: 'open' });
      navigator.locks.request(name, hold);
    });
    function hold() {
      window.izbaStream(function (message) { hear(message); channel.postMessage(message); });
      return new Promise(function () { /* as long as the page lives */ });
    }
  }

  /* --- time --- */
  function tick() {
    setTimeout(tick, MINUTE - now() % MINUTE + 20);
    move();
    if (hasFailed && now() - truth > 2 * MINUTE) window.izbaAge('away', truth);
    var all = !isLive || hasFailed, isOver = all; // without a stream a page looks each minute
    document.querySelectorAll('[data-until]').forEach(function (element) {
      if (Date.parse(element.dataset.until) > now()) return;
      if (element.dataset.piece) pieces.add(element.dataset.piece);
      isOver = true;
    });
    if (isOver) setTimeout(all ? everything : due, Math.random() * 2000, 0); // not all pages of the house at once
  }
  /* The line of now and the time of day move on between two answers of the server. */
  function move() {
    var zone = script.dataset.zone;
    document.querySelectorAll('[data-clock]').forEach(function (element) {
      element.textContent = new Intl.DateTimeFormat('pl', { hour: '2-digit', minute: '2-digit', timeZone: zone }).format(now());
    });
    document.querySelectorAll('[data-now]').forEach(function (element) {
      var axis = element.closest('[data-since]');
      if (!axis) return;
      var minute = axis.dataset.opens * 60 + Math.floor((now() - Date.parse(axis.dataset.since)) / MINUTE);
      izba.place(element, { n: minute });
    });
    document.querySelectorAll('.lanes-head .under-now').forEach(function (hour) { hour.classList.remove('under-now'); });
    document.querySelectorAll('.lanes-head [data-now]').forEach(function (label) {
      var axis = label.closest('[data-since]').dataset, minute = Math.floor((now() - Date.parse(axis.since)) / MINUTE);
      label.parentNode.querySelectorAll('.hours li').forEach(function (hour, column) {
        if (Math.abs(column * 60 - minute) < 26) hour.classList.add('under-now');
      });
    });
  }

  window.izba = {
    refresh: everything,
    /* Where something stands on a band, in minutes of its axis: f from, t to, n now, see time.css. */
    place: function (element, minutes) {
      Object.keys(minutes).forEach(function (letter) {
        var minute = minutes[letter], old = new RegExp('^' + letter + '[htu]-\\d+$');
        Array.from(element.classList).filter(function (name) { return old.test(name); }).forEach(function (name) { element.classList.remove(name); });
        element.classList.add(letter + 'h-' + Math.floor(minute / 60), letter + 't-' + Math.floor(minute % 60 / 10), letter + 'u-' + minute % 10);
      });
    }
  };

  listen();
  setTimeout(tick, MINUTE - now() % MINUTE + 20);
  document.addEventListener('visibilitychange', function () { if (!document.hidden) { move(); if (isDue) due(TOGETHER); else if (now() - truth > 5 * MINUTE) everything(); } });
  addEventListener('pageshow', function (event) { if (event.persisted) location.reload(); });
})();
