/* Keeps a page true: rows that changed are fetched and put in place, and a booking's sentence is answered while it is
   typed. Without it the page is as true as its last load. */
(function () {
  'use strict';
  document.documentElement.classList.add('js');
  var busy = false, again = false, timer = null;

  function parse(text) { return new DOMParser().parseFromString(text, 'text/html'); }

  function isHeld(element) {
    // what is being dragged, typed into or answered is left alone until it is done
    return element.querySelector('.is-dragged, .lane-box, [data-kind=draft]') ||
      (element.contains(document.activeElement) && document.activeElement.matches('input:not([type=checkbox]), select, textarea'));
  }

  function replace(old, fresh) {
    var at = old.contains(document.activeElement) ? document.activeElement : null;
    var all = at ? Array.prototype.slice.call(old.querySelectorAll('a, button, input')) : [];
    var place = all.indexOf(at);
    fresh = document.importNode(fresh, true);
    old.replaceWith(fresh);
    if (place >= 0) {
      var next = fresh.querySelectorAll('a, button, input')[place];
      if (next) next.focus({ preventScroll: true });
    }
  }

  // a booking that is dragged hangs in the lane below the finger, and the lane that it left must stay too
  function isDragging() { return document.querySelector('.is-dragged'); }

  function put(page) {
    if (isDragging()) { soon(); return; }
    var fresh = page.querySelectorAll('[data-live]');
    var same = fresh.length === document.querySelectorAll('[data-live]').length;
    fresh.forEach(function (element) { same = same && document.getElementById(element.id); });
    var whole = document.querySelector('[data-live-page]'), wholeNow = page.querySelector('[data-live-page]');
    if (!same && whole && wholeNow && !isHeld(whole)) { replace(whole, wholeNow); return; }
    fresh.forEach(function (element) {
      var old = document.getElementById(element.id);
      if (old && !isHeld(old) && old.outerHTML !== element.outerHTML) replace(old, element);
    });
    var head = document.querySelector('.lanes-head'), headNow = page.querySelector('.lanes-head');
    if (head && headNow && head.outerHTML !== headNow.outerHTML) replace(head, headNow);
  }

  function refresh() {
    if (busy) { again = true; return Promise.resolve(); }
    busy = true;
    return fetch(location.href, { credentials: 'same-origin' }).then(function (answer) {
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      return answer.text();
    }).then(function (text) { put(parse(text)); document.dispatchEvent(new Event('izba:refreshed')); })
      .catch(function () { /* the next event or minute tries again */ })
      .then(function () { busy = false; if (again) { again = false; soon(); } });
  }

  function soon() {
    if (timer) return;
    timer = setTimeout(function () { timer = null; if (isDragging()) soon(); else refresh(); }, 150);
  }

  window.izba = { refresh: refresh, parse: parse };

  if (document.querySelector('[data-live]')) {
    if (window.EventSource) {
      var source = new EventSource('/api/v1/events');
      ['message', 'room', 'asset'].forEach(function (kind) { source.addEventListener(kind, soon); });
      // what happens between the page and its stream is told by nobody; a stream that opens at once has missed nothing
      var lost = false, began = Date.now();
      source.onerror = function () { lost = true; };
      source.onopen = function () { if (lost || Date.now() - began > 1000) { lost = false; soon(); } };
      addEventListener('pagehide', function () { source.close(); });
    }
    setInterval(function () { if (!document.hidden) refresh(); }, 60000);
    document.addEventListener('visibilitychange', function () { if (!document.hidden) soon(); });
    addEventListener('pageshow', function (event) { if (event.persisted) location.reload(); });
  }

  /* The sentence of a booking, answered while it is typed. */
  function told(form) {
    var query = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      // neither the form's token nor a title belongs into an address
      if (['csrf', 'key', 'title'].indexOf(name) < 0 && value) query.append(name, value);
    });
    return query;
  }

  var sentence = document.querySelector('[data-sentence]');
  if (sentence) {
    var form = sentence.matches('form') ? sentence : sentence.querySelector('form');
    var asked = 0, wait = null;
    var ask = function () {
      var query = told(form), mine = ++asked;
      if (!query.get('room') || !query.get('from') || !query.get('to')) return;
      fetch(sentence.dataset.sentence + '?' + query, { credentials: 'same-origin' }).then(function (answer) {
        return answer.ok && !answer.redirected ? answer.text() : '';
      }).then(function (text) {
        var box = document.getElementById('answer');
        if (text && box && mine === asked) {
          box.replaceChildren.apply(box, Array.prototype.slice.call(parse(text).body.childNodes));
        }
      }).catch(function () { /* the answer comes with the form */ });
    };
    form.addEventListener('input', function () { clearTimeout(wait); wait = setTimeout(ask, 250); });
  }

  /* What a part of the form asks: the names of its fields, what can be chosen, what is said about them. */
  function asks(part) {
    return Array.prototype.map.call(part.querySelectorAll('[name], option, small'), function (one) {
      return (one.name || '') + '=' + (one.matches('option') ? one.value : one.matches('small') ? one.textContent : '');
    }).join('&');
  }

  /* Another room may have other kinds and no title: its fields are fetched, what was typed stays. */
  document.addEventListener('change', function (event) {
    var choice = event.target.closest('[data-room-choice] select');
    if (!choice || !document.getElementById('dependent')) return;
    fetch('/bookings/new?' + told(choice.form), { credentials: 'same-origin' }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.text() : '';
    }).then(function (text) {
      var fresh = text && parse(text).getElementById('dependent'), old = document.getElementById('dependent');
      if (!fresh) return;
      // the same fields and kinds: nothing to put in place, and whoever types there is not disturbed
      if (asks(old) === asks(fresh)) return;
      var kept = {}, at = old.contains(document.activeElement) ? document.activeElement.name : '';
      ['title', 'attendees'].forEach(function (name) {
        var field = old.querySelector('[name=' + name + ']');
        kept[name] = field ? field.value : name === 'title' ? window.izbaTitle || '' : '';
      });
      window.izbaTitle = kept.title;
      old.replaceWith(document.importNode(fresh, true));
      Object.keys(kept).forEach(function (name) {
        var field = document.querySelector('#dependent [name=' + name + ']');
        if (field) field.value = kept[name];
      });
      var next = at && document.querySelector('#dependent [name=' + at + ']');
      if (next) next.focus({ preventScroll: true });
    }).catch(function () { /* the server says on sending what does not fit */ });
  });
})();
