/* Izba: the door panel's behaviour. The server decides what a door shows; this tells time, turns languages, carries taps
   and admits silence. It never leaves a working page for one that it has not asked for first: a proxy answers with pages
   of its own while Izba is away, and those never come back. Plain ES5, so that an old tablet runs it. Without it the page
   still works: links and forms. */
(function () {
  'use strict';
  var body = document.body, root = document.documentElement, stage = document.getElementById('stage');
  var said = document.getElementById('said'), spare = document.getElementById('stale'), failed = document.getElementById('failed');
  var LANGUAGE_S = 20, RETRY_MS = 4000, WAIT_MS = 2500, PATIENCE_MS = 8000, POLL_MS = 15000, ANEW_MS = 5000, SELDOM_MS = 30000;
  var beatMs = +body.getAttribute('data-beat') * 1000;
  var words = {}, home = 'pl', language = root.lang;
  var doorHtml = stage.innerHTML;      // the newest door, also while something else is shown
  var heardAt = moment(), streamAt = moment(), listenAt = moment();   // of anything, of the stream, when it was opened
  var base = { seconds: 0, epoch: 0, at: moment() }, beatTime = '';
  var turnTimer = 0, backTimer = 0, reloadTimer = 0, shift = 0, isStale = false, isAsking = false, source = null;

  /* The tablet's own clock may be wrong, and be put right while we look: time is what the server said, and what passed
     since. A tablet that slept may have stopped one of its two clocks, one that was set back the other. */
  function moment() { return { steady: window.performance ? performance.now() : 0, wall: Date.now() }; }
  function since(then) {
    var now = moment();
    return Math.max(now.steady - then.steady, now.wall - then.wall, 0);
  }

  function each(selector, visit) { Array.prototype.forEach.call(stage.querySelectorAll(selector), visit); }
  function door() { return stage.querySelector('.door'); }
  function two(n) { return (n < 10 ? '0' : '') + n; }
  function clock() {
    var minute = Math.floor((base.seconds + since(base.at) / 1000) / 60);
    return two(Math.floor(minute / 60) % 24) + ':' + two(minute % 60);
  }
  /* "20:49:37 1795996177": the time at the site, and the same in seconds of the epoch. */
  function setClock(text) {
    var parts = text.split(' '), time = parts[0].split(':');
    base = { seconds: +time[0] * 3600 + +time[1] * 60 + +time[2], epoch: +parts[1], at: moment() };
  }
  function serverSeconds() { return base.epoch + since(base.at) / 1000; }

  /* Long words get a smaller size, so that every language fits the same slot. As in panel_view.py. */
  function fit(word) { return word.indexOf(' ') > 0 && word.length > 16 ? 'xl' : word.indexOf(' ') > 0 && word.length > 10 || word.length > 12 ? 'l' : word.length > 6 ? 'm' : 's'; }

  function speak(to) {
    var told = words[to] || words[home];
    language = words[to] ? to : home;
    root.lang = language;
    each('[data-t]', function (e) {
      var text = told[e.getAttribute('data-t')] || '';
      if (e.textContent !== text) e.textContent = text;
    });
    each('[data-t-label]', function (e) { e.setAttribute('aria-label', told[e.getAttribute('data-t-label')] || ''); });
    each('[data-lang]', function (e) {
      if (e.getAttribute('data-lang') === language) e.setAttribute('aria-current', 'true'); else e.removeAttribute('aria-current');
    });
    each('input[name=lang]', function (e) { e.value = language; });
    if (body.getAttribute('data-view') !== 'pair') body.setAttribute('data-fit', fit(told.word));
    document.title = told.word + ' · ' + stage.querySelector('.number').textContent;
    var aloud = told.word + (told.until ? ', ' + told.until : '');
    if (said.textContent !== aloud) said.textContent = aloud;
  }

  function turn(to) {
    clearTimeout(turnTimer);
    speak(to);
    if (to !== home) turnTimer = setTimeout(function () { speak(home); }, LANGUAGE_S * 1000);
  }

  /* Put a fragment on the stage; the colours hang on the body, the focus stays where it was. */
  function show(html) {
    var held = mark(document.activeElement);
    clearTimeout(backTimer);
    stage.innerHTML = html;
    adopt();
    if (held) each('a, button', function (e) { if (mark(e) === held) e.focus(); });
  }

  function mark(e) {
    if (!e || !e.tagName || !stage.contains(e)) return '';
    return e.tagName + (e.getAttribute('data-lang') || e.getAttribute('href') || e.name + '=' + e.value);
  }

  function adopt() {
    var now = door();
    ['state', 'view', 'link', 'fit', 'now'].forEach(function (name) { body.setAttribute('data-' + name, now.getAttribute('data-' + name)); });
    if (now.hasAttribute('data-night')) body.setAttribute('data-night', ''); else body.removeAttribute('data-night');
    words = JSON.parse(now.getAttribute('data-words'));
    home = now.getAttribute('data-home');
    speak(words[language] ? language : home);
    stage.querySelector('.time').textContent = clock();
    var back = +now.getAttribute('data-back');
    if (back) backTimer = setTimeout(home_door, back * 1000);
  }

  function home_door() { if (isStale) silence(); else show(doorHtml); }
  function at_door() { return body.getAttribute('data-view') === 'door'; }

  /* What the server sends. A question that somebody is answering is not taken from under the finger. */
  function on_door(event) {
    streamAt = moment();
    heard('');
    doorHtml = event.data;
    if (at_door()) show(doorHtml);
  }
  function on_beat(event) {
    var parts = event.data.split(' ');
    streamAt = moment();
    heard(parts[0] + ' ' + parts[2]);
    if (parts[1] !== body.getAttribute('data-version')) reload();
  }
  function heard(time) {
    heardAt = moment();
    if (time) setClock(time);
    beatTime = clock();
    if (isStale) { isStale = false; show(doorHtml); }
  }

  function listen() {
    listenAt = moment();
    if (!window.EventSource || document.hidden) return;
    if (source) source.close();
    source = new EventSource('/panel/events');
    source.addEventListener('door', on_door);
    source.addEventListener('beat', on_beat);
    source.addEventListener('again', reload);
    source.onerror = function () { if (this.readyState === 2 && this === source) setTimeout(listen, RETRY_MS); };
  }

  /* A page that nobody looks at leaves its connection to the others. */
  function look() {
    if (!document.hidden) { listen(); poll(); return; }
    if (source) source.close();
    source = null;
  }

  /* Ask for the door itself: where a proxy or a virus scanner holds the stream back, and before a reload. */
  function fetch_door(then) {
    if (isAsking) return;
    isAsking = true;
    request_part('GET', '/panel?lang=' + home, null, function (request) {
      isAsking = false;
      then(is_door(request) ? request : null);
    });
  }
  function poll() {
    fetch_door(function (answer) {
      if (!answer) return;
      var version = answer.getResponseHeader('X-Panel-Version');
      if (version !== body.getAttribute('data-version')) { location.reload(); return; }   // or no panel any more
      heard(answer.getResponseHeader('X-Panel-Time') || '');
      doorHtml = answer.responseText;
      if (at_door()) show(doorHtml);
    });
  }
  /* Load the page anew as soon as Izba answers: never a proxy's page in its place. */
  function reload() {
    clearTimeout(reloadTimer);
    if (isAsking) { reloadTimer = setTimeout(reload, ANEW_MS); return; }
    fetch_door(function (answer) {
      if (answer) location.reload();
      else reloadTimer = setTimeout(reload, RETRY_MS);
    });
  }

  /* Two missed beats: what keeps people waiting by the plan of the day stands until its time; anything else is not known. */
  function silence() {
    var shown = document.createElement('div');
    shown.innerHTML = doorHtml;
    var by_plan = holds_of(shown.querySelector('.door')) > serverSeconds();
    isStale = true;
    show(by_plan ? doorHtml : spare.innerHTML);
    body.setAttribute('data-link', by_plan ? 'plan' : 'stale');
    if (by_plan) each('.acts, .foot .fault', function (e) { e.hidden = true; });
    Object.keys(words).forEach(function (l) {
      words[l].link = (by_plan ? words[l].plan_at : words[l].link_at).replace('{time}', beatTime);
    });
    speak(language);
  }
  function holds_of(element) { return +element.getAttribute('data-holds'); }

  function tick() {
    var text = clock(), shown = stage.querySelector('.time');
    if (shown.textContent !== text) {
      shown.textContent = text;
      shift = (shift + 1) % 4;
      body.setAttribute('data-shift', shift);   // against burn-in: the whole door by a few pixels
    }
    if (!beatMs || !spare || document.hidden) return;
    if (since(heardAt) >= POLL_MS) poll();
    if (since(streamAt) >= 2 * beatMs && since(listenAt) >= (isStale ? ANEW_MS : SELDOM_MS)) listen();
    var is_silent = since(heardAt) >= 2 * beatMs;
    if (is_silent && !isStale) silence();
    else if (isStale && body.getAttribute('data-link') === 'plan' && holds_of(door()) <= serverSeconds()) silence();
  }

  /* Taps. The id makes a repeated one the same; a lost answer is asked for once more. */
  function request_part(method, address, data, then) {
    var request = new XMLHttpRequest();
    request.open(method, address);
    request.setRequestHeader('X-Panel-Part', 'door');
    if (data) request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    request.timeout = PATIENCE_MS;
    request.onloadend = function () { then(request); };
    request.send(data || null);
  }
  /* Whether it is Izba that answered, with a door. */
  function is_door(request) { return request.status > 0 && request.responseText.indexOf('class="door"') >= 0; }
  function send(method, address, data, is_again) {
    busy(true);
    request_part(method, address, data, function (request) {
      if (is_door(request)) {
        busy(false);
        show(request.responseText);
        if (at_door()) doorHtml = stage.innerHTML;
        return;
      }
      if (!is_again) { setTimeout(function () { send(method, address, data, true); }, 1000); return; }
      busy(false);
      if (failed && !isStale) show(failed.innerHTML); else home_door();
      poll();   // it may be that this panel is no longer one
    });
  }
  function busy(is_busy) { each('button', function (e) { e.disabled = is_busy; }); }
  function new_id() { return Date.now().toString(36) + Math.random().toString(36).slice(2, 12) + Math.random().toString(36).slice(2, 8); }

  stage.addEventListener('click', function (event) {
    var target = event.target.closest ? event.target.closest('a, button') : null;
    if (!target) return;
    if (target.getAttribute('data-lang')) {
      event.preventDefault();
      turn(target.getAttribute('data-lang'));
      return;
    }
    if (body.getAttribute('data-view') === 'pair') return;
    event.preventDefault();
    if (target.tagName === 'A') { send('GET', target.getAttribute('href') + '&lang=' + language); return; }
    if (target.getAttribute('formmethod') === 'get') {
      if (target.value === 'door') { home_door(); return; }
      send('GET', '/panel?' + target.name + '=' + target.value + '&lang=' + language);
      return;
    }
    var form = target.form, id = form.querySelector('input[name=id]'), parts = [];
    if (!id.value) id.value = new_id();
    Array.prototype.forEach.call(form.querySelectorAll('input'), function (e) { parts.push(e.name + '=' + encodeURIComponent(e.value)); });
    parts.push(target.name + '=' + encodeURIComponent(target.value));
    send('POST', '/panel/command', parts.join('&'));
  });

  /* A tablet that waits for its room asks whether it has one. */
  function ask() {
    var request = new XMLHttpRequest();
    request.open('GET', '/panel/waiting');
    request.timeout = PATIENCE_MS;
    request.onloadend = function () {
      if (request.status === 205 || request.status === 404) reload();
      setTimeout(ask, WAIT_MS);
    };
    request.send();
  }

  setClock(body.getAttribute('data-time'));
  beatTime = clock();
  adopt();
  setInterval(tick, 1000);
  if (body.getAttribute('data-view') === 'pair') setTimeout(ask, WAIT_MS);
  else { listen(); document.addEventListener('visibilitychange', look); }
})();
