/* The form of a booking: its sentence is answered while it is typed, with the times as they were read; the end follows
   the start; another room brings its own fields. Without it the answer comes with the form. */
(function () {
  'use strict';
  function parse(text) { return new DOMParser().parseFromString(text, 'text/html'); }

  /* The sentence of a booking, answered while it is typed. */
  function queryOf(form) {
    var query = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      // neither the form's token nor a title belongs into an address
      if (['csrf', 'key', 'title', 'was', 'next', 'shown'].indexOf(name) < 0 && value) query.append(name, value);
    });
    return query;
  }

  var sentence = document.querySelector('[data-sentence]');
  if (sentence) {
    var form = sentence.matches('form') ? sentence : sentence.querySelector('form');
    var count = 0, wait = null, lead = '', left = {}, readings = {};
    var day = field('date') && field('date').value, length = lengthOf();

    function field(name) { return form.querySelector('[name=' + name + ']'); }
    /* Minutes from the start to the end, of times that stand as the server writes them; 0 if they do not. */
    function lengthOf() {
      var ends = ['from', 'to'].map(function (name) {
        var match = /^(\d\d):(\d\d)$/.exec(field(name).value);
        return match ? match[1] * 60 + Number(match[2]) : NaN;
      });
      var last = field('date_to') && field('date_to').value;
      var days = last ? Math.round((Date.parse(last) - Date.parse(field('date').value)) / 864e5) : 0;
      var minutes = ends[1] - ends[0] + days * 1440;
      return minutes > 0 ? minutes : minutes + 1440 > 0 && ends[1] === 0 ? minutes + 1440 : 0;
    }
    function ask() {
      var query = queryOf(form), reading = null, mine = ++count, leads = lead === 'from' && length ? 'from' : '';
      if (!query.get('room') || !query.get('from') || !query.get('to')) return;
      if (leads) query.set('minutes', length);
      fetch(sentence.dataset.sentence + '?' + query, {
        credentials: 'same-origin', headers: { 'HX-Request-Type': 'partial' }
      }).then(function (answer) {
        reading = new URLSearchParams(answer.headers.get('X-Reading') || '');
        return (answer.ok || answer.status === 401) && !answer.redirected ? answer.text() : '';
      }).then(function (text) {
        var box = document.getElementById('answer');
        if (!text || !box || mine !== count) return;
        box.replaceChildren.apply(box, Array.prototype.slice.call(parse(text).body.childNodes));
        heed(reading, leads);
      }).catch(function () { /* the answer comes with the form */ });
    }
    /* What the server read: the end goes where the start took it, and what was left stands as it is meant. */
    function heed(reading, leads) {
      var ends = { from: reading.get('since'), to: reading.get('until') };
      if (leads && ends.to) {
        field('to').value = ends.to;
        if (field('date_to')) field('date_to').value = reading.get('last');
      } else if (!leads && reading.get('minutes') > 0) length = Number(reading.get('minutes'));
      ['from', 'to'].forEach(function (name) {
        if (ends[name]) readings[name] = { text: field(name).value, reading: ends[name] };
        if (left[name]) settle(name);
      });
    }
    function settle(name) {
      var one = readings[name];
      if (one && one.text === field(name).value) { field(name).value = one.reading; left[name] = false; }
    }
    function soon(delay) { clearTimeout(wait); wait = setTimeout(ask, delay); }

    form.addEventListener('input', function (event) {
      var name = event.target.name;
      if (name === 'from') lead = 'from'; else if (['to', 'date_to'].indexOf(name) >= 0) lead = '';
      left[name] = false;
      if (name === 'date' && field('date_to') && field('date_to').value && day) {
        var moved = Date.parse(field('date_to').value) + Date.parse(field('date').value) - Date.parse(day);
        if (!isNaN(moved)) field('date_to').value = new Date(moved).toISOString().slice(0, 10);
      }
      if (name === 'date') day = field('date').value;
      soon(250);
    });
    form.addEventListener('focusout', function (event) {
      if (['from', 'to'].indexOf(event.target.name) < 0) return;
      left[event.target.name] = true;
      settle(event.target.name);
    });
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
    fetch('/bookings/new?' + queryOf(choice.form), { credentials: 'same-origin' }).then(function (answer) {
      return answer.ok && !answer.redirected ? answer.text() : '';
    }).then(function (text) {
      var fresh = text && parse(text).getElementById('dependent'), old = document.getElementById('dependent');
      if (!fresh) return;
      // the same fields and kinds: nothing to put in place, and whoever types there is not disturbed
      if (asks(old) === asks(fresh)) return;
      var values = {}, at = old.contains(document.activeElement) ? document.activeElement.name : '';
      ['title', 'attendees'].forEach(function (name) {
        var field = old.querySelector('[name=' + name + ']');
        values[name] = field ? field.value : name === 'title' ? window.izbaTitle || '' : '';
      });
      window.izbaTitle = values.title;
      old.replaceWith(document.importNode(fresh, true));
      Object.keys(values).forEach(function (name) {
        var field = document.querySelector('#dependent [name=' + name + ']');
        if (field) field.value = values[name];
      });
      var next = at && document.querySelector('#dependent [name=' + at + ']');
      if (next) next.focus({ preventScroll: true });
    }).catch(function () { /* the server says on sending what does not fit */ });
  });
})();
