/* The phone's camera as a reader of codes: izbaCamera(part, onCode). Codes are read by the browser itself where it can
   (BarcodeDetector), else by zxing in a worker, which is loaded when the camera is turned on. */
(function () {
  'use strict';
  var FORMATS = ['qr_code', 'data_matrix', 'code_128', 'code_39', 'ean_13', 'ean_8', 'aztec'];
  var WIDTH = 960, PAUSE = 120, AGAIN = 2500;

  function ofBrowser() {
    if (!('BarcodeDetector' in window)) return Promise.reject(new Error('none'));
    return BarcodeDetector.getSupportedFormats().then(function (known) {
      if (['qr_code', 'data_matrix', 'code_128'].some(function (one) { return known.indexOf(one) < 0; })) throw new Error('some');
      var detector = new BarcodeDetector({ formats: FORMATS.filter(function (one) { return known.indexOf(one) >= 0; }) });
      return function (video) {
        return detector.detect(video).then(function (found) { return found.map(function (one) { return one.rawValue; }); });
      };
    });
  }

  function ofWorker(part) {
    return new Promise(function (resolve, reject) {
      var worker = new Worker(part.dataset.worker), canvas = document.createElement('canvas'), answer = null;
      var pen = canvas.getContext('2d', { willReadFrequently: true });
      worker.onmessage = function (event) {
        if (event.data.ready) return resolve(read);
        if (!event.data.codes) return reject(new Error(event.data.fault));
        answer(event.data.codes);
      };
      worker.onerror = reject;
      worker.postMessage({ script: part.dataset.script, wasm: part.dataset.wasm });
      function read(video) {
        canvas.width = Math.min(WIDTH, video.videoWidth);
        canvas.height = Math.round(canvas.width * video.videoHeight / video.videoWidth);
        pen.drawImage(video, 0, 0, canvas.width, canvas.height);
        var picture = pen.getImageData(0, 0, canvas.width, canvas.height);
        return new Promise(function (done) {
          answer = done;
          worker.postMessage({ data: picture.data.buffer, width: picture.width, height: picture.height }, [picture.data.buffer]);
        });
      }
    });
  }

  window.izbaCamera = function (part, onCode) {
    var video = part.querySelector('video'), start = part.querySelector('[data-start]'), torch = part.querySelector('[data-torch]');
    var notice = part.querySelector('[data-notice]'), view = part.querySelector('[data-view]');
    var stream = null, reading = null, last = {}, turn = 0, isOpening = false;
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
    part.hidden = false;

    function tell(text) { notice.textContent = text; notice.hidden = !text; }

    function stop(what) { if (what) what.getTracks().forEach(function (track) { track.stop(); }); }

    function open() {
      if (stream || isOpening) return;
      var mine = ++turn;
      isOpening = true;
      tell('');
      start.setAttribute('aria-busy', 'true');
      reading = reading || ofBrowser().catch(function () { return ofWorker(part); });
      navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: 'environment', width: { ideal: 1280 } } })
        .then(function (opened) {
          if (mine !== turn) { stop(opened); throw new Error('turned off'); }
          stream = opened;
          video.srcObject = stream;
          var track = stream.getVideoTracks()[0], can = track.getCapabilities ? track.getCapabilities() : {};
          torch.hidden = !can.torch;
          return Promise.all([reading, video.play()]);
        }).then(function (ready) {
          if (mine !== turn) return;
          isOpening = false;
          start.removeAttribute('aria-busy');
          start.hidden = true;
          view.hidden = false;
          look(ready[0]);
        }).catch(function (fault) {
          if (mine !== turn) return; // turned off meanwhile
          close();
          reading = null;
          tell(fault.name === 'NotAllowedError' ? part.dataset.refused : fault.name === 'NotFoundError' ? part.dataset.none : part.dataset.broken);
        });
    }

    function close() {
      turn += 1;
      isOpening = false;
      stop(stream);
      stream = null;
      start.removeAttribute('aria-busy');
      start.hidden = false;
      view.hidden = true;
    }

    function look(read) {
      if (!stream) return;
      if (document.hidden || !video.videoWidth) { setTimeout(look, PAUSE, read); return; }
      read(video).then(function (codes) {
        var now = Date.now();
        codes.forEach(function (code) {
          var isNew = !last[code] || now - last[code] > AGAIN;
          last[code] = now;
          if (isNew) onCode(code);
        });
      }, function () { /* a picture that cannot be read is none */ }).then(function () { setTimeout(look, PAUSE, read); });
    }

    start.addEventListener('click', open);
    part.querySelector('[data-stop]').addEventListener('click', close);
    torch.addEventListener('click', function () {
      var isOn = torch.getAttribute('aria-pressed') !== 'true';
      stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: isOn }] }).then(function () {
        torch.setAttribute('aria-pressed', String(isOn));
      }, function () { torch.hidden = true; });
    });
    addEventListener('pagehide', close);
    // who has allowed it once is not asked again
    if (navigator.permissions && matchMedia('(max-width: 59.99rem)').matches) {
      navigator.permissions.query({ name: 'camera' }).then(function (answer) {
        if (answer.state === 'granted') open();
      }, function () { /* a browser that does not tell */ });
    }
  };
})();
