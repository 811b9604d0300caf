/* Draws the room in hand on the plan of its floor: a box by pointer, moved and pulled at its corners, and by the arrows.
   What it does stands in the four fields, and only their form saves it. */
(function () {
  'use strict';
  var svg = document.querySelector('[data-draw]'), form = document.querySelector('[data-draw-form]');
  if (!svg || !form) return;
  var NS = 'http://www.w3.org/2000/svg', WIDTH = 1200, HEIGHT = Number(svg.dataset.height), LEAST = 6;
  var sides = ['x', 'y', 'width', 'height'], group, box = read(), drag = null;
  document.querySelectorAll('[data-draw-hint]').forEach(function (hint) { hint.hidden = false; });
  svg.classList.add('is-drawable');
  var old = svg.querySelector('.drawn.now');
  if ('own' in form.dataset) box = null; // what is no box stays as it is until another is drawn
  if (old && box) old.remove();

  function read() {
    var parts = sides.map(function (side) { return parseFloat(form.elements[side].value.replace(',', '.')); });
    if (parts.some(isNaN)) return null;
    return { x: parts[0] / 100 * WIDTH, y: parts[1] / 100 * HEIGHT, width: parts[2] / 100 * WIDTH, height: parts[3] / 100 * HEIGHT };
  }
  function write() {
    var whole = { x: WIDTH, y: HEIGHT, width: WIDTH, height: HEIGHT };
    sides.forEach(function (side) {
      form.elements[side].value = String(Math.round(box[side] / whole[side] * 10000) / 100).replace('.', form.dataset.decimal);
    });
  }
  function part(name, attributes) {
    var element = document.createElementNS(NS, name);
    Object.keys(attributes).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    group.append(element);
    return element;
  }
  function draw() {
    if (!box) return;
    if (old) old.remove();
    var hadFocus = group && document.activeElement === group;
    if (group) group.remove();
    group = document.createElementNS(NS, 'g');
    group.setAttribute('class', 'drawn now');
    group.setAttribute('tabindex', '0');
    group.setAttribute('role', 'img');
    group.setAttribute('aria-label', form.dataset.number);
    part('rect', { x: box.x, y: box.y, width: box.width, height: box.height });
    part('text', { x: box.x + box.width / 2, y: box.y + box.height / 2 + 8 }).textContent = form.dataset.number;
    [[0, 0], [1, 0], [1, 1], [0, 1]].forEach(function (corner) {
      part('rect', { 'class': 'handle', 'data-corner': corner.join(), x: box.x + corner[0] * box.width - 9, y: box.y + corner[1] * box.height - 9, width: 18, height: 18 });
    });
    svg.append(group);
    if (hadFocus) group.focus();
  }
  function between(value, most) { return Math.min(Math.max(value, 0), most); }
  function place(event) {
    var at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return { x: between(at.x, WIDTH), y: between(at.y, HEIGHT) };
  }
  function spanned(a, b) {
    return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) };
  }

  svg.addEventListener('pointerdown', function (event) {
    if (event.button || event.pointerType === 'touch' && innerWidth < 768) return; // a finger scrolls a phone
    var at = place(event), corner = event.target.dataset.corner;
    if (corner) {
      corner = corner.split(',');
      drag = { fixed: { x: box.x + (1 - corner[0]) * box.width, y: box.y + (1 - corner[1]) * box.height } };
    } else if (group && group.contains(event.target)) {
      drag = { from: at, box: Object.assign({}, box) };
    } else drag = { fixed: at, former: box };
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener('pointermove', function (event) {
    if (!drag) return;
    var at = place(event);
    if (drag.fixed) box = spanned(drag.fixed, at);
    else box = Object.assign({}, drag.box, { x: between(drag.box.x + at.x - drag.from.x, WIDTH - drag.box.width), y: between(drag.box.y + at.y - drag.from.y, HEIGHT - drag.box.height) });
    draw();
  });
  svg.addEventListener('pointerup', function () {
    if (!drag) return;
    if (box && (box.width < LEAST || box.height < LEAST)) { // a click, no box
      box = drag.former || null;
      if (group) { group.remove(); group = null; }
    }
    drag = null;
    if (box) { draw(); write(); }
  });
  svg.addEventListener('pointercancel', function () { drag = null; });
  svg.addEventListener('keydown', function (event) {
    var step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || !box || event.target !== group) return;
    event.preventDefault();
    var dx = step[0] * WIDTH / 200, dy = step[1] * HEIGHT / 200;
    if (event.shiftKey) {
      box.width = Math.max(LEAST, between(box.width + dx, WIDTH - box.x));
      box.height = Math.max(LEAST, between(box.height + dy, HEIGHT - box.y));
    } else {
      box.x = between(box.x + dx, WIDTH - box.width);
      box.y = between(box.y + dy, HEIGHT - box.height);
    }
    draw();
    write();
  });
  form.addEventListener('input', function () { box = read() || box; draw(); });
  draw();
})();
