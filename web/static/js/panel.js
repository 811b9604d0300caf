/* Izba: the door panel's behaviour. The server decides what a door shows; this tells time, turns languages, carries taps
   and admits silence. Plain ES5, so that an old tablet runs it. Without it the page still works: links and forms. */
(function () {
  'use strict';
  var body = document.body, root = document.documentElement, stage = document.getElementById('stage');
  var said = document.getElementById('said'), spare = document.getElementById('stale');
  var LANGUAGE_S = 20, RETRY_MS = 4000, WAIT_MS = 2500;
  var beatMs = +body.getAttribute('data-beat') * 1000;
  var words = {}, home = 'pl', language = root.lang;
  var doorHtml = stage.innerHTML;      // the newest door, also while something else is shown
  var base = { minute: 0, at: Date.now() }, beatAt = Date.now(), beatTime = '';
  var turnTimer = 0, backTimer = 0, shift = 0, isStale = false, source = null;

  function each(selector, visit) { Array.prototype.forEach.call(stage.querySelectorAll(selector), visit); }
  function door() { return stage.querySelector('.door'); }
  function two(n) { return (n < 10 ? '0' : '') + n; }
  function clock() {
    var minute = base.minute + Math.floor((Date.now() - base.at) / 60000);
    return two(Math.floor(minute / 60) % 24) + ':' + two(minute % 60);
  }
  function setClock(text) {
    var parts = text.split(':');
    base = { minute: +parts[0] * 60 + +parts[1], at: Date.now() };
  }

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
    heard('');
    doorHtml = event.data;
    if (at_door()) show(doorHtml);
  }
  function on_beat(event) {
    var parts = event.data.split(' ');
    if (parts[1] && parts[1] !== body.getAttribute('data-version')) { location.reload(); return; }
    heard(parts[0]);
  }
  function heard(time) {
    beatAt = Date.now();
    if (time) setClock(time);
    beatTime = clock();
    if (isStale) { isStale = false; show(doorHtml); }
  }

  function listen() {
    if (source) source.close();
    source = new EventSource('/panel/events');
    source.addEventListener('door', on_door);
    source.addEventListener('beat', on_beat);
    source.addEventListener('again', function () { location.reload(); });
    source.onerror = function () { if (source.readyState === 2) setTimeout(listen, RETRY_MS); };
  }

  /* Two missed beats: what keeps people waiting by the plan of the day stands until its time; anything else is not known. */
  function silence() {
    var shown = document.createElement('div');
    shown.innerHTML = doorHtml;
    var holds = +shown.querySelector('.door').getAttribute('data-holds') * 1000, by_plan = holds > Date.now();
    isStale = true;
    show(by_plan ? doorHtml : spare.innerHTML);
    body.setAttribute('data-link', by_plan ? 'plan' : 'stale');
    if (by_plan) each('.acts, .foot .fault', function (e) { e.hidden = true; });
    Object.keys(words).forEach(function (l) {
      words[l].link = (by_plan ? words[l].plan_at : words[l].link_at).replace('{time}', beatTime);
    });
    speak(language);
  }

  function tick() {
    var text = clock(), shown = stage.querySelector('.time');
    if (shown.textContent !== text) {
      shown.textContent = text;
      shift = (shift + 1) % 4;
      body.setAttribute('data-shift', shift);   // against burn-in: the whole door by a few pixels
    }
    if (!beatMs || !spare) return;
    var is_silent = Date.now() - beatAt >= 2 * beatMs;
    if (is_silent && !isStale) silence();
    else if (isStale && body.getAttribute('data-link') === 'plan' && plan_is_over()) silence();
  }
  function plan_is_over() { return +door().getAttribute('data-holds') * 1000 <= Date.now(); }

  /* Taps. The id makes a repeated one the same; a lost answer is asked for once more. */
  function send(method, address, data, is_again) {
    var request = new XMLHttpRequest();
    request.open(method, address);
    request.setRequestHeader('X-Panel-Part', 'door');
    if (data) request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
    request.timeout = 8000;
    request.onload = function () {
      busy(false);
      if (request.responseText.indexOf('class="door"') < 0) { location.reload(); return; }
      show(request.responseText);
      if (at_door()) doorHtml = stage.innerHTML;
    };
    request.onerror = request.ontimeout = function () {
      if (!is_again) setTimeout(function () { send(method, address, data, true); }, 1000);
      else { busy(false); home_door(); }
    };
    busy(true);
    request.send(data || null);
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
    request.timeout = 8000;
    request.onloadend = function () {
      if (request.status === 205 || request.status === 404) location.reload(); else setTimeout(ask, WAIT_MS);
    };
    request.send();
  }

  setClock(door().getAttribute('data-now'));
  beatTime = clock();
  adopt();
  setInterval(tick, 1000);
  if (body.getAttribute('data-view') === 'pair') setTimeout(ask, WAIT_MS);
  else if (window.EventSource) listen();
  else setTimeout(function () { location.reload(); }, 15000);
})();
