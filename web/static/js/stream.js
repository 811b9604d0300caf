/* The one stream of events of a browser. As a shared worker it serves all its tabs: without HTTP/2 a browser has six
   connections to a server, and a stream for each tab would leave none. A page without shared workers runs it itself. */
'use strict';

/* where the news come from: of what its reader may see, or of one floor, for a wall */
var STREAM = new URLSearchParams(new URL(self.document ? document.currentScript.src : self.location.href).search).get('of') || '/api/v1/events';

/* Keeps the stream open and passes on what it says: {kind: 'room' | 'asset' | 'stocktake' | …}, {kind: 'open'} each time
   that it opens, {kind: 'mute'} when it broke or nothing came for so long that it must be broken. */
function izbaStream(say) {
  var KINDS = ['room', 'asset', 'device', 'notice', 'stocktake'], SILENCE = 40000, PAUSE = 5000, source, watch;

  function open() {
    source = new EventSource(STREAM);
    source.onopen = function () { heard(); say({ kind: 'open' }); };
    source.onerror = function () {
      say({ kind: 'mute' });
      if (source.readyState === EventSource.CLOSED) again(PAUSE); // refused: the browser does not try again by itself
    };
    source.addEventListener('beat', heard);
    KINDS.forEach(function (kind) {
      source.addEventListener(kind, function (event) {
        heard();
        say(Object.assign({ kind: kind }, JSON.parse(event.data)));
      });
    });
    heard();
  }
  function heard() { clearTimeout(watch); watch = setTimeout(mute, SILENCE); }
  function mute() { say({ kind: 'mute' }); again(0); }
  function again(pause) { clearTimeout(watch); source.close(); watch = setTimeout(open, pause); }
  open();
}

if (self.SharedWorkerGlobalScope && self instanceof self.SharedWorkerGlobalScope) {
  var tabs = new Set(), isOpen = false;
  self.onconnect = function (event) {
    var tab = event.ports[0];
    tabs.add(tab);
    tab.onmessage = function () { tabs.delete(tab); }; // all that a page says is that it leaves
    if (isOpen) tab.postMessage({ kind: 'open' });
  };
  izbaStream(function (message) {
    if (message.kind === 'open') isOpen = true;
    if (message.kind === 'mute') isOpen = false;
    tabs.forEach(function (tab) { tab.postMessage(message); });
  });
}
