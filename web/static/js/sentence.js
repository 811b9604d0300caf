/* The form of a booking: its sentence is answered while it is typed, and another room brings its own fields. Without it
   the answer comes with the form. */
(function () {
  'use strict';
  function parse(text) { return new DOMParser().parseFromString(text, 'text/html'); }

  /* The sentence of a booking, answered while it is typed. */
  function queryOf(form) {
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
    var count = 0, wait = null;
    var ask = function () {
      var query = queryOf(form), mine = ++count;
      if (!query.get('room') || !query.get('from') || !query.get('to')) return;
      fetch(sentence.dataset.sentence + '?' + query, { credentials: 'same-origin' }).then(function (answer) {
        return answer.ok && !answer.redirected ? answer.text() : '';
      }).then(function (text) {
        var box = document.getElementById('answer');
        if (text && box && mine === count) {
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
